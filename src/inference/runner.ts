/**
 * The scene runner: rows of a scene from its inputs through a model. It walks down the scene one row of chips at a
 * time and keeps only the strip of inputs under that row, and the predictions of the rows of chips that still
 * overlap what comes next. Memory depends on the scene's width, never on its height.
 */
import { internalError } from '../errors.js';
import { type ChipLayout, chipCover, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import {
  gatherChips,
  type StitchLayout,
  softmax,
  stitch,
  uploadStitchLayout,
  validMask,
} from '../kernels/index.js';
import type { ChipModel } from './chip-model.js';
import { decidesValidity, type ModelInput, type ModelManifest, timeSteps } from './manifest.js';

/** One image of a scene: the bands of one input in one phase, on the scene's grid, in the model's units. */
export interface SceneImage {
  readonly input: ModelInput;
  /** The model's phase that it is for; undefined for a static input. */
  readonly phase: string | undefined;
  /**
   * Computes rows of the scene into planes of `rows × width` float32, one a band in the model's order, NaN for no
   * data.
   */
  readRows(rows: RowRange, planes: readonly DeviceTensor[], signal?: AbortSignal): Promise<void>;
}

/** What the scene runner spends its time with. */
export type Stage = 'read' | 'chips' | 'model' | 'stitch';

/** What the scene runner did. */
export interface RunnerCounters {
  chipsRun: number;
  chipsSkipped: number;
  batches: number;
}

/** What the scene runner works on. */
export interface RunnerOptions {
  backend: Backend;
  session: ChipModel;
  images: readonly SceneImage[];
  layout: ChipLayout;
  /** Chips of a batch. Batches are always full: a chip's result does not depend on its neighbours. */
  batchSize: number;
  /** What is averaged where chips overlap. */
  blend: 'probability' | 'logits';
  /** Chips with a smaller share of valid pixels are left out; 0 leaves out those without any. */
  minChipValid: number;
  /** Receives finished rows `(class, row, x)`, top to bottom. */
  onRows(start: number, rows: number, values: Float32Array): Promise<void>;
  /** Called with the duration of every step, in milliseconds. */
  onTime?(stage: Stage, milliseconds: number): void;
  signal?: AbortSignal;
}

/** Runs the rows `range` of a scene. Byte for byte the same rows, however the scene is cut into ranges. */
export async function runScene(options: RunnerOptions, range: RowRange): Promise<RunnerCounters> {
  const runner = new SceneRunner(options, range);
  try {
    return await runner.run();
  } finally {
    runner.dispose();
  }
}

class SceneRunner {
  readonly #options: RunnerOptions;
  readonly #range: RowRange;
  readonly #scene: StitchLayout;
  readonly #classes: number;
  /** Rows of chips whose predictions are needed at one time. */
  readonly #ringRows: number;
  readonly #predictions: DeviceTensor;
  readonly #slots: Int32Array;
  readonly #counters: RunnerCounters = { chipsRun: 0, chipsSkipped: 0, batches: 0 };
  #strip: Strip | null = null;

  constructor(options: RunnerOptions, range: RowRange) {
    const { backend, layout, session } = options;
    this.#options = options;
    this.#range = range;
    this.#classes = session.manifest.output.classes.length;
    this.#ringRows = ringRows(layout);
    this.#scene = uploadStitchLayout(backend, layout);
    this.#predictions = backend.allocate(
      [this.#ringRows * layout.columnStarts.length, this.#classes, layout.size, layout.size],
      'float32',
    );
    this.#slots = new Int32Array(layout.columnStarts.length * layout.rowStarts.length).fill(-1);
  }

  async run(): Promise<RunnerCounters> {
    const { layout } = this.#options;
    const cover = chipCover(layout.height, layout.size, layout.rowStarts);
    const first = cover.first[this.#range.start];
    const last = cover.last[this.#range.end - 1];
    let done = this.#range.start;
    for (let chipRow = first; chipRow <= last; chipRow++) {
      this.#options.signal?.throwIfAborted();
      const strip = await this.#moveStrip(chipRow);
      await this.#predictRow(chipRow, strip);
      // Rows above the next row of chips are complete.
      const end =
        chipRow === last ? this.#range.end : Math.min(this.#range.end, layout.rowStarts[chipRow + 1]);
      if (end > done) {
        await this.#emit(done, end, strip);
        done = end;
      }
    }
    return this.#counters;
  }

  dispose(): void {
    this.#strip?.dispose();
    this.#scene.dispose();
    this.#predictions.dispose();
  }

  /** The inputs under a row of chips; rows that the previous strip had are copied, never computed again. */
  async #moveStrip(chipRow: number): Promise<Strip> {
    const { backend, layout, images, signal } = this.#options;
    const start = layout.rowStarts[chipRow];
    const end = Math.min(layout.height, start + layout.size);
    const previous = this.#strip;
    const strip = new Strip(backend, images, layout.width, { start, end });
    this.#strip = strip;
    await this.#timed('read', async () => {
      const known = previous === null ? start : Math.max(start, Math.min(end, previous.rows.end));
      if (previous !== null && known > start) strip.copyRows(previous, { start, end: known });
      if (known < end) await strip.readRows({ start: known, end }, signal);
      strip.markValid(this.#options.session.manifest);
      previous?.dispose();
      await backend.submit();
    });
    return strip;
  }

  async #predictRow(chipRow: number, strip: Strip): Promise<void> {
    const { backend, layout, batchSize, minChipValid } = this.#options;
    const columns = layout.columnStarts.length;
    const counts = countValid(await strip.downloadMask(), layout, chipRow);
    const chosen: number[] = [];
    for (let column = 0; column < columns; column++) {
      const share = counts.valid[column] / counts.pixels[column];
      this.#slots[chipRow * columns + column] = -1;
      if (share > 0 && share >= minChipValid) chosen.push(column);
      else this.#counters.chipsSkipped++;
    }
    for (let k = 0; k < chosen.length; k += batchSize) {
      const batch = chosen.slice(k, k + batchSize);
      const predictions = await this.#predictBatch(chipRow, batch, strip);
      const chipValues = this.#classes * layout.size ** 2;
      if (this.#options.blend === 'probability') softmax(backend, predictions);
      for (const [i, column] of batch.entries()) {
        const slot = (chipRow % this.#ringRows) * columns + column;
        backend.copy(predictions, i * chipValues, this.#predictions, slot * chipValues, chipValues);
        this.#slots[chipRow * columns + column] = slot;
      }
      predictions.dispose();
      this.#counters.chipsRun += batch.length;
      this.#counters.batches++;
    }
  }

  /** Gathers and normalises a batch, filled up with empty chips, and runs the model on it. */
  async #predictBatch(chipRow: number, columns: readonly number[], strip: Strip): Promise<DeviceTensor> {
    const { backend, session, layout, batchSize } = this.#options;
    const { manifest } = session;
    const origins = new Int32Array(2 * batchSize).fill(-1);
    columns.forEach((column, i) => {
      origins.set([layout.columnStarts[column], layout.rowStarts[chipRow]], 2 * i);
    });
    const originTensor = backend.upload(origins);
    const inputs = new Map<string, DeviceTensor>();
    try {
      await this.#timed('chips', async () => {
        for (const input of manifest.inputs) {
          const channels = input.bands.length * timeSteps(manifest, input);
          inputs.set(
            input.name,
            backend.allocate([batchSize, channels, layout.size, layout.size], 'float32'),
          );
        }
        for (const { image, planes } of strip.images) {
          const { input } = image;
          const steps = timeSteps(manifest, input);
          const step = image.phase === undefined ? 0 : manifest.phases.indexOf(image.phase);
          const chips = inputs.get(input.name);
          if (chips === undefined) throw internalError('runScene', `no input ${input.name}`);
          for (const [band, plane] of planes.entries()) {
            gatherChips(backend, {
              plane,
              firstRow: strip.rows.start,
              sceneWidth: layout.width,
              sceneHeight: layout.height,
              origins: originTensor,
              chips,
              channel: band * steps + step,
              mean: input.mean[band],
              std: input.std[band],
              replacement: input.nodataReplacement,
            });
          }
        }
        await backend.submit();
      });
      return await this.#timed('model', () => session.run(backend, inputs, batchSize, columns.length));
    } finally {
      originTensor.dispose();
      for (const tensor of inputs.values()) tensor.dispose();
    }
  }

  async #emit(start: number, end: number, strip: Strip): Promise<void> {
    const { backend, layout, blend, onRows } = this.#options;
    const rows = end - start;
    const values = await this.#timed('stitch', async () => {
      const slots = backend.upload(this.#slots);
      const output = backend.allocate([this.#classes, rows, layout.width], 'float32');
      stitch(backend, {
        predictions: this.#predictions,
        scene: this.#scene,
        slots,
        mask: strip.mask,
        maskRow: strip.rows.start,
        output,
        rowStart: start,
      });
      if (blend === 'logits') softmax(backend, output, [1, ...output.shape]);
      const downloaded = (await backend.download(output)) as Float32Array;
      slots.dispose();
      output.dispose();
      return downloaded;
    });
    await onRows(start, rows, values);
  }

  async #timed<T>(stage: Stage, task: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await task();
    this.#options.onTime?.(stage, performance.now() - start);
    return result;
  }
}

/** The inputs of a scene over some of its rows. */
class Strip {
  readonly rows: RowRange;
  readonly images: readonly { image: SceneImage; planes: readonly DeviceTensor[] }[];
  readonly mask: DeviceTensor;
  readonly #backend: Backend;
  readonly #width: number;

  constructor(backend: Backend, images: readonly SceneImage[], width: number, rows: RowRange) {
    this.rows = rows;
    this.#backend = backend;
    this.#width = width;
    const shape = [rows.end - rows.start, width];
    this.images = images.map((image) => ({
      image,
      planes: image.input.bands.map(() => backend.allocate(shape, 'float32')),
    }));
    this.mask = backend.allocate(shape, 'uint8');
  }

  copyRows(from: Strip, rows: RowRange): void {
    const length = (rows.end - rows.start) * this.#width;
    const source = (rows.start - from.rows.start) * this.#width;
    const target = (rows.start - this.rows.start) * this.#width;
    for (const [i, { planes }] of this.images.entries()) {
      for (const [band, plane] of planes.entries()) {
        this.#backend.copy(from.images[i].planes[band], source, plane, target, length);
      }
    }
  }

  async readRows(rows: RowRange, signal?: AbortSignal): Promise<void> {
    const backend = this.#backend;
    const shape = [rows.end - rows.start, this.#width];
    const target = (rows.start - this.rows.start) * this.#width;
    for (const { image, planes } of this.images) {
      const fresh = planes.map(() => backend.allocate(shape, 'float32'));
      try {
        await image.readRows(rows, fresh, signal);
        for (const [band, plane] of planes.entries()) {
          backend.copy(fresh[band], 0, plane, target, fresh[band].length);
        }
      } finally {
        for (const plane of fresh) plane.dispose();
      }
    }
  }

  markValid(manifest: ModelManifest): void {
    const deciding = this.images.filter(({ image }) => decidesValidity(manifest, image.input, image.phase));
    validMask(
      this.#backend,
      deciding.flatMap(({ planes }) => planes),
      this.mask,
    );
  }

  async downloadMask(): Promise<Uint8Array> {
    return (await this.#backend.download(this.mask)) as Uint8Array;
  }

  dispose(): void {
    for (const { planes } of this.images) for (const plane of planes) plane.dispose();
    this.mask.dispose();
  }
}

/** The most rows of chips that cover any row of the scene, plus the one that is being computed. */
function ringRows(layout: ChipLayout): number {
  let most = 1;
  for (const [k, start] of layout.rowStarts.entries()) {
    let first = k;
    while (first > 0 && layout.rowStarts[first - 1] + layout.size > start) first--;
    most = Math.max(most, k - first + 1);
  }
  return most;
}

/** Valid and existing pixels under each chip of a row of chips; `mask` holds the strip under it. */
function countValid(
  mask: Uint8Array,
  layout: ChipLayout,
  chipRow: number,
): { valid: Float64Array; pixels: Float64Array } {
  const { width, height, size, columnStarts } = layout;
  const rows = Math.min(height, layout.rowStarts[chipRow] + size) - layout.rowStarts[chipRow];
  const byColumn = new Float64Array(width + 1);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < width; x++) byColumn[x + 1] += mask[y * width + x];
  }
  for (let x = 0; x < width; x++) byColumn[x + 1] += byColumn[x];
  const valid = new Float64Array(columnStarts.length);
  const pixels = new Float64Array(columnStarts.length);
  for (const [k, start] of columnStarts.entries()) {
    const end = Math.min(width, start + size);
    valid[k] = byColumn[end] - byColumn[start];
    pixels[k] = (end - start) * rows;
  }
  return { valid, pixels };
}
