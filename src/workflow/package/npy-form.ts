/**
 * A package in the form of the published flood notebooks (LuxProvide, SCynergy2026-GeoAI, notebook 2): one float32 `.npy`
 * array for each modality, (band, phase, y, x), or (band, y, x) for static ones, with masks, a list of chips and a
 * document. Rows go straight to their places in the files, so that memory does not grow with the scene.
 */
import { join } from 'node:path';
import { invalidInput } from '../../errors.js';
import { makeFolder, writeFileAtomically, writeJson } from '../../io/node/output.js';
import { NpyWriter, writeNpy } from '../../raster/node/index.js';
import { STATIC_MODALITY } from '../acquisition.js';
import { CHIP, listChips, startsOfWhole } from '../chip-index.js';
import {
  eventTime,
  type ImageWriter,
  type PackagedChips,
  type PackageForm,
  type PackagePlan,
} from './form.js';
import type { PackageImage } from './manifest.js';
import {
  arrayFile,
  CHIPS_FILE,
  MIN_CHIP_VALID,
  type NotebookDocument,
  type NotebookNames,
  notebookNames,
  SCENE_FOLDER,
  VALID_FILE,
} from './notebook.js';
import { type RowMask, rowsOf } from './valid-pixels.js';

/** The array of a modality while its images are written. */
interface OpenArray {
  readonly writer: NpyWriter;
  /** Images of the modality that are not finished. */
  missing: number;
}

export class NpyForm implements PackageForm {
  readonly files: readonly string[];
  readonly scene: string;
  readonly label: string;
  readonly #plan: PackagePlan;
  readonly #names: NotebookNames;
  readonly #document: NotebookDocument;
  readonly #arrays = new Map<string, OpenArray>();

  /** @throws {TerrachipError} INVALID_INPUT for a manifest that says that a modality is missing in a phase */
  constructor(plan: PackagePlan) {
    this.#plan = plan;
    requireAll(plan);
    const { document } = plan.manifest;
    this.#names = notebookNames(document.event.name, document.phase_order.length);
    this.#document = documentOf(plan);
    this.scene = join(SCENE_FOLDER, this.#names.document);
    this.label = join(SCENE_FOLDER, this.#names.label);
    const arrays = Object.keys(document.assets).map((modality) => join(SCENE_FOLDER, arrayFile(modality)));
    this.files = [...arrays, join(SCENE_FOLDER, VALID_FILE), this.label, CHIPS_FILE, this.scene];
  }

  fileOf({ modality }: PackageImage): string {
    return join(SCENE_FOLDER, arrayFile(modality));
  }

  async openImage({ modality, phase, bands }: PackageImage): Promise<ImageWriter> {
    const { grid, manifest } = this.#plan;
    const phases = manifest.document.phase_order;
    const [times, time] = phase === null ? [1, 0] : [phases.length, phases.indexOf(phase)];
    const array = await this.#array(modality, phase === null, bands.length);
    /** Values of each band so far. */
    const written = bands.map(() => 0);
    return {
      writeBand: async (band, values) => {
        const start = (band * times + time) * grid.pixelCount + written[band];
        written[band] += values.length;
        await array.writer.write(start, values);
      },
      finish: async () => {
        array.missing--;
        if (array.missing === 0) await array.writer.finish();
      },
      // The array belongs to all images of the modality.
      [Symbol.asyncDispose]: async () => undefined,
    };
  }

  async finish(valid: RowMask, label: RowMask | null): Promise<PackagedChips> {
    const { folder, grid } = this.#plan;
    const { height, width } = grid;
    const mask = { shape: [height, width], dtype: 'uint8' } as const;
    await writeNpy(join(folder, SCENE_FOLDER, VALID_FILE), mask, rowsOf(valid));
    if (label !== null) await writeNpy(join(folder, this.label), mask, rowsOf(label));
    const { text, ...chips } = listChips({
      prefix: this.#names.chipPrefix,
      valid,
      label,
      rowStarts: startsOfWhole(height),
      columnStarts: startsOfWhole(width),
      minValid: MIN_CHIP_VALID,
    });
    await writeFileAtomically(join(folder, CHIPS_FILE), text);
    const { full_files } = this.#document;
    await writeJson(join(folder, this.scene), {
      ...this.#document,
      full_files: { ...full_files, ...(label === null ? {} : { label: this.#names.label }) },
    });
    return chips;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { writer } of this.#arrays.values()) await writer.abort();
  }

  async #array(modality: string, isStatic: boolean, bands: number): Promise<OpenArray> {
    const known = this.#arrays.get(modality);
    if (known !== undefined) return known;
    const { folder, grid, manifest, images } = this.#plan;
    const times = isStatic ? [] : [manifest.document.phase_order.length];
    const shape = [bands, ...times, grid.height, grid.width];
    await makeFolder(join(folder, SCENE_FOLDER));
    const path = join(folder, SCENE_FOLDER, arrayFile(modality));
    const array = {
      writer: await NpyWriter.create(path, { shape, dtype: 'float32' }),
      missing: images.filter((image) => image.modality === modality).length,
    };
    this.#arrays.set(modality, array);
    return array;
  }
}

function documentOf({ manifest, grid, images }: PackagePlan): NotebookDocument {
  const { event, phase_order, assets } = manifest.document;
  const { crs, transform, width, height } = grid.toJSON();
  const modalities = Object.keys(assets);
  const datetime = eventTime(manifest);
  return {
    crs,
    transform: [...transform],
    width,
    height,
    bounds: [...grid.bounds],
    phase_order: [...phase_order],
    s1_bands: assets.S1RTC ?? [],
    s2_bands: assets.S2L2A ?? [],
    chip_size: CHIP.size,
    chip_stride: CHIP.stride,
    min_chip_valid_frac: MIN_CHIP_VALID,
    full_files: {
      ...Object.fromEntries(modalities.map((modality) => [modality, arrayFile(modality)])),
      valid_mask: VALID_FILE,
    },
    event: event.name,
    ...(datetime === undefined ? {} : { datetime }),
    bands: assets,
    units: Object.fromEntries(modalities.map((modality) => [modality, unitsOf(images, modality)])),
  };
}

/** The units of a modality, by phase where they differ. */
function unitsOf(images: readonly PackageImage[], modality: string): NotebookDocument['units'][string] {
  const own = images.filter((image) => image.modality === modality);
  if (new Set(own.map(({ units }) => units)).size === 1) return own[0].units;
  return Object.fromEntries(own.map(({ phase, units }) => [phase ?? '', units]));
}

/** Refuses phases without an image, which would be empty in the array. */
function requireAll({ manifest, images }: PackagePlan): void {
  const { assets, phase_order } = manifest.document;
  for (const modality of Object.keys(assets)) {
    if (modality === STATIC_MODALITY) continue;
    for (const phase of phase_order) {
      if (images.some((image) => image.modality === modality && image.phase === phase)) continue;
      const problem = `has no ${modality} for the phase ${phase}, which its array needs`;
      throw invalidInput(manifest.path, problem, 'add it, or package as COGs');
    }
  }
}
