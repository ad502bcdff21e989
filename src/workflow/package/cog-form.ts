/** A package of COGs: a file for each modality and phase, masks, a list of chips, and a scene file. */
import { join } from 'node:path';
import type { GeoBox } from '../../geo/index.js';
import { writeFileAtomically, writeJson } from '../../io/node/output.js';
import { CogWriter } from '../../raster/node/index.js';
import { listChips, startsOverAll } from '../chip-index.js';
import { SCENE_FILE, type SceneDocument } from '../scene.js';
import type { ImageWriter, PackagedChips, PackageForm, PackagePlan } from './form.js';
import { eventScene, type PackageImage } from './manifest.js';
import { type RowMask, rowsOf } from './valid-pixels.js';

const VALID_FILE = 'valid.tif';
const CHIPS_FILE = 'chips.csv';

export class CogForm implements PackageForm {
  readonly files: readonly string[];
  readonly scene = SCENE_FILE;
  readonly label = 'label.tif';
  readonly #plan: PackagePlan;
  readonly #document: SceneDocument;

  constructor(plan: PackagePlan) {
    this.#plan = plan;
    this.#document = sceneOf(plan);
    this.files = [...plan.images.map(fileOf), VALID_FILE, this.label, CHIPS_FILE, SCENE_FILE];
  }

  fileOf(image: PackageImage): string {
    return fileOf(image);
  }

  openImage(image: PackageImage): Promise<ImageWriter> {
    const { folder, grid } = this.#plan;
    return CogWriter.create(join(folder, fileOf(image)), {
      geobox: grid,
      bands: image.bands.length,
      dtype: 'float32',
      nodata: Number.NaN,
      // Interpolated floats hardly compress: deflate at its lowest level takes most of the time of a package, and saves a
      // tenth of its size. Packages are not viewed at small scales, and models read one band after the other.
      compression: 'none',
      overviews: 'none',
      interleave: 'band',
      descriptions: image.bands.map(({ name }) => name),
    });
  }

  async finish(valid: RowMask, label: RowMask | null): Promise<PackagedChips> {
    const { folder, grid, manifest } = this.#plan;
    await writeMask(join(folder, VALID_FILE), grid, valid);
    if (label !== null) await writeMask(join(folder, this.label), grid, label);
    const { text, ...chips } = listChips({
      prefix: manifest.document.event.name,
      valid,
      label,
      rowStarts: startsOverAll(grid.height),
      columnStarts: startsOverAll(grid.width),
    });
    await writeFileAtomically(join(folder, CHIPS_FILE), text);
    await writeJson(join(folder, SCENE_FILE), this.#document);
    return chips;
  }

  /** Each COG removes its own temporary files. */
  async [Symbol.asyncDispose](): Promise<void> {}
}

function fileOf({ modality, phase }: PackageImage): string {
  return phase === null ? `${modality}.tif` : `${modality}-${phase}.tif`;
}

/** The images are already on the grid, so that nearest copies their values. */
function sceneOf(plan: PackagePlan): SceneDocument {
  return eventScene(
    plan,
    (image, band) => ({ href: fileOf(image), band: band + 1, units: image.bands[band].units }),
    'nearest',
  );
}

async function writeMask(path: string, geobox: GeoBox, mask: RowMask): Promise<void> {
  const options = { geobox, bands: 1, dtype: 'uint8', nodata: 255, overviews: 'none' } as const;
  await using writer = await CogWriter.create(path, options);
  for (const rows of rowsOf(mask)) await writer.writeRows([rows]);
  await writer.finish();
}
