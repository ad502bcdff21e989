/** Strips: the rows of a scene under one row of chips, on the device. */
import type { ChipLayout, RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { validMask } from '../kernels/index.js';
import { decidesValidity, type ModelInput, type ModelSpec } from './model-spec.js';

/** The bands of one input in one phase, on the scene's grid and in the model's units. */
export interface SceneImage {
  readonly input: ModelInput;
  /** The model's phase; undefined for a static input. */
  readonly phase: string | undefined;
  /**
   * Writes rows of the scene to `planes`, one per band in the model's order: float32 (row, x), NaN for no data. The first row
   * of the planes is row `firstRow` of the scene, and their other rows keep their values.
   */
  readRows(
    rows: RowRange,
    planes: readonly DeviceTensor[],
    firstRow: number,
    signal?: AbortSignal,
  ): Promise<void>;
}

/** The images of a scene over the rows of one row of chips. */
export class Strip {
  readonly images: readonly { image: SceneImage; planes: readonly DeviceTensor[] }[];
  /** The validity mask, uint8 (row, x): 1 where all inputs that decide validity have data. */
  readonly mask: DeviceTensor;
  #shares: Float64Array | null = null;
  #pixels: Promise<Uint8Array> | null = null;

  constructor(
    private readonly backend: Backend,
    images: readonly SceneImage[],
    readonly layout: ChipLayout,
    readonly rows: RowRange,
  ) {
    const shape = [rows.end - rows.start, layout.width];
    this.images = images.map((image) => ({
      image,
      planes: image.input.bands.map(() => backend.allocate(shape, 'float32')),
    }));
    this.mask = backend.allocate(shape, 'uint8');
  }

  /** Fills the planes. Rows shared with the previous strip are copied, the others are read. */
  async fill(previous: Strip | null, spec: ModelSpec, signal?: AbortSignal): Promise<void> {
    const { start, end } = this.rows;
    const isAbove = previous !== null && previous.rows.start <= start;
    const known = isAbove ? Math.max(start, Math.min(end, previous.rows.end)) : start;
    if (isAbove && known > start) this.#copyRows(previous, { start, end: known });
    if (known < end) {
      for (const { image, planes } of this.images) {
        await image.readRows({ start: known, end }, planes, start, signal);
      }
    }
    const deciding = this.images.filter(({ image }) => decidesValidity(spec, image.input, image.phase));
    const planes = deciding.flatMap(({ planes }) => planes);
    validMask(this.backend, planes, this.mask);
    await this.backend.submit();
  }

  /** The share of valid pixels of each chip, from 0 to 1. Pixels outside the scene do not count. */
  async validShares(): Promise<Float64Array> {
    this.#shares ??= countShares(await this.validPixels(), this.layout, this.rows.end - this.rows.start);
    return this.#shares;
  }

  /** The mask in memory, (row, x): 1 for valid pixels. */
  validPixels(): Promise<Uint8Array> {
    this.#pixels ??= this.backend.download(this.mask).then((mask) => mask as Uint8Array);
    return this.#pixels;
  }

  dispose(): void {
    for (const { planes } of this.images) for (const plane of planes) plane.dispose();
    this.mask.dispose();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #copyRows(from: Strip, rows: RowRange): void {
    const { width } = this.layout;
    const length = (rows.end - rows.start) * width;
    const source = (rows.start - from.rows.start) * width;
    const target = (rows.start - this.rows.start) * width;
    for (const [i, { planes }] of this.images.entries()) {
      for (const [band, plane] of planes.entries()) {
        this.backend.copy(from.images[i].planes[band], source, plane, target, length);
      }
    }
  }
}

/**
 * The strips of a scene, one at a time, and the next one while it is read ahead. Rows shared with the previous strip are
 * copied instead of read again.
 */
export class SceneStrips {
  #strip: Strip | null = null;
  #ahead: { readonly start: number; readonly strip: Promise<Strip> } | null = null;

  constructor(
    private readonly backend: Backend,
    private readonly spec: ModelSpec,
    private readonly images: readonly SceneImage[],
    private readonly layout: ChipLayout,
  ) {}

  /** The strip under a row of chips. It is valid until the next call. */
  async under(chipRow: number, signal?: AbortSignal): Promise<Strip> {
    const start = this.layout.rowStarts[chipRow];
    const previous = this.#strip;
    if (previous?.rows.start === start) return previous;
    const ahead = this.#ahead;
    this.#ahead = null;
    if (ahead !== null && ahead.start !== start) await ahead.strip.then(disposeOf, () => undefined);
    const strip = await (ahead?.start === start ? ahead.strip : this.#read(start, signal));
    previous?.dispose();
    this.#strip = strip;
    return strip;
  }

  /**
   * Starts to read the strip under a row of chips, which the next call of `under` returns. Its errors are thrown there.
   * @param onRead called once when the strip is read
   */
  readAhead(chipRow: number, signal?: AbortSignal, onRead: () => void = () => undefined): void {
    const start = this.layout.rowStarts[chipRow];
    if (this.#ahead !== null || this.#strip?.rows.start === start) return;
    const strip = this.#read(start, signal);
    strip.then(onRead, () => undefined);
    this.#ahead = { start, strip };
  }

  /** Disposes of all strips, once the one that is read ahead is read. */
  async close(): Promise<void> {
    await this.#ahead?.strip.then(disposeOf, () => undefined);
    this.#ahead = null;
    this.dispose();
  }

  dispose(): void {
    this.#strip?.dispose();
    this.#strip = null;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #read(start: number, signal?: AbortSignal): Promise<Strip> {
    const rows = { start, end: Math.min(this.layout.height, start + this.layout.size) };
    const strip = new Strip(this.backend, this.images, this.layout, rows);
    try {
      await strip.fill(this.#strip, this.spec, signal);
    } catch (error) {
      strip.dispose();
      throw error;
    }
    return strip;
  }
}

function disposeOf(strip: Strip): void {
  strip.dispose();
}

/** @param mask (row, x) of a strip */
function countShares(
  mask: Uint8Array,
  { width, size, columnStarts }: ChipLayout,
  rows: number,
): Float64Array {
  const byColumn = new Float64Array(width + 1);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) byColumn[x + 1] += mask[y * width + x];
  }
  for (let x = 0; x < width; x++) byColumn[x + 1] += byColumn[x];
  return Float64Array.from(columnStarts, (start) => {
    const end = Math.min(width, start + size);
    return (byColumn[end] - byColumn[start]) / ((end - start) * rows);
  });
}
