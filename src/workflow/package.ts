/**
 * Packages: an event's bands on one grid, ready for a model. Images are computed in strips of rows; only the masks (two
 * bytes per pixel) are held whole in memory.
 */

import { join } from 'node:path';
import { GeoBox, noOverlap } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import { type BackendChoice, createBackend } from '../gpu/node/index.js';
import { requireApart } from '../io/node/inputs.js';
import { makeOutputFolder, writeFileAtomically, writeJson } from '../io/node/output.js';
import { type OperationOptions, reportProgress } from '../progress.js';
import { CogWriter, createBlockCache, writeCog } from '../raster/node/index.js';
import { placeOf } from '../vector/features.js';
import { Rasterizer } from '../vector/node/index.js';
import { type Acquisition, readAcquisition } from './acquisition.js';
import { chipIndex } from './chip-index.js';
import { readFloodAreas } from './flood-areas.js';
import { listImages, type PackageImage, packageImage } from './package-images.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import {
  type RequestOptions,
  resolveHref,
  SCENE_FILE,
  SCENE_SCHEMA_VERSION,
  type SceneDocument,
} from './scene.js';

/** The acquisition manifest to package, and the grid. */
export interface PackageOptions extends OperationOptions, RequestOptions {
  /** The acquisition manifest. */
  manifest: string;
  /** The folder for the package. */
  output: string;
  /** Pixel size in units of the manifest's CRS (default 10). */
  resolution?: number;
  /** `fit` (default): pixels are stretched to fit the event's bbox, as in the notebooks. `snap`: on whole pixels. */
  anchor?: 'fit' | 'snap';
  backend?: BackendChoice;
  threads?: number;
  /** Largest allowed grid, in pixels (default 500 million). */
  maxPixels?: number;
}

/** The files and grid that `packageManifest` wrote. */
export interface PackageReport {
  /** The scene file, which `infer` reads. */
  scene: string;
  grid: ReturnType<GeoBox['toJSON']>;
  /** Share of the pixels where every band of every phase has data. */
  validShare: number;
  /** The label on the grid, or null when the manifest has none. */
  label: string | null;
  backend: BackendInfo;
}

/** Files of a package besides images and scene file. */
const VALID_FILE = 'valid.tif';
const LABEL_FILE = 'label.tif';
const CHIPS_FILE = 'chips.csv';

export async function packageManifest(options: PackageOptions): Promise<PackageReport> {
  const { output, signal } = options;
  const manifest = await readAcquisition(options.manifest);
  const grid = packageGrid(manifest, options);
  const images = listImages(manifest);
  const scene = sceneOf(manifest, grid, images);
  await requireApart(
    [...images.map(({ file }) => file), VALID_FILE, LABEL_FILE, CHIPS_FILE, SCENE_FILE].map((file) =>
      join(output, file),
    ),
    filesOf(manifest, images),
  );
  await makeOutputFolder(output);
  const backend = await createBackend(options);
  const valid = new Uint8Array(grid.pixelCount).fill(1);
  try {
    const cache = createBlockCache();
    for (const [done, image] of images.entries()) {
      signal?.throwIfAborted();
      reportProgress(options, 'package', done, images.length, 'images');
      await using writer = await CogWriter.create(join(output, image.file), {
        geobox: grid,
        bands: image.bands.length,
        dtype: 'float32',
        nodata: Number.NaN,
        level: 1,
        descriptions: image.bands.map(({ name }) => name),
      });
      await packageImage(image, grid, backend, cache, writer, valid, options);
      await writer.finish();
    }
  } finally {
    backend.dispose();
  }
  const label = await rasterizeLabel(manifest, grid, options);
  await writeMask(join(output, VALID_FILE), grid, valid);
  if (label !== null) await writeMask(join(output, LABEL_FILE), grid, label);
  const index = chipIndex(manifest.document.event.name, grid.width, grid.height, valid, label);
  await writeFileAtomically(join(output, CHIPS_FILE), index);
  await writeJson(join(output, SCENE_FILE), scene);
  reportProgress(options, 'package', images.length, images.length, 'images');
  return {
    scene: join(output, SCENE_FILE),
    grid: grid.toJSON(),
    validShare: valid.reduce((sum, value) => sum + value, 0) / valid.length,
    label: label === null ? null : join(output, LABEL_FILE),
    backend: backend.info,
  };
}

function packageGrid({ document }: Acquisition, options: PackageOptions): GeoBox {
  const { resolution = 10, anchor = 'fit' } = options;
  return GeoBox.fromBounds(document.event.bbox, document.event.target_crs, resolution, {
    anchor,
  }).requireAtMost(
    options.maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser `resolution` or a smaller bbox, or raise `maxPixels`',
  );
}

/** The manifest and all files that it names. */
function filesOf(manifest: Acquisition, images: readonly PackageImage[]): string[] {
  const { label } = manifest.document;
  const tiles = images.flatMap(({ bands }) => bands.flatMap((band) => band.tiles.map(({ href }) => href)));
  return [manifest.path, ...tiles, ...(label === undefined ? [] : [resolveHref(manifest, label.href)])];
}

function sceneOf(manifest: Acquisition, grid: GeoBox, images: readonly PackageImage[]): SceneDocument {
  const { event, phase_order } = manifest.document;
  const date = event.phase_dates.event;
  const inputs = new Map<string, SceneDocument['inputs'][string]>();
  for (const { modality, phase, units, bands, file } of images) {
    // The images are already on the grid, so that nearest copies their values.
    const input = inputs.get(modality) ?? { units, resampling: 'nearest' };
    inputs.set(modality, input);
    const own = units === input.units ? {} : { units };
    const bandFiles = Object.fromEntries(
      bands.map(({ name }, k) => [name, { href: file, band: k + 1, ...own }]),
    );
    if (phase === null) input.static = bandFiles;
    else input.phases = { ...input.phases, [phase]: bandFiles };
  }
  const { crs, transform, width, height } = grid.toJSON();
  return {
    schemaVersion: SCENE_SCHEMA_VERSION,
    id: event.name,
    ...(date === undefined ? {} : { datetime: date.includes('T') ? date : `${date}T00:00:00Z` }),
    grid: { crs, transform: [...transform], width, height },
    phases: [...phase_order],
    inputs: Object.fromEntries(inputs),
  };
}

/** 1 in pixels whose centres are inside the manifest's polygons. */
async function rasterizeLabel(
  manifest: Acquisition,
  grid: GeoBox,
  { signal, onProgress }: OperationOptions,
): Promise<Uint8Array | null> {
  const { label } = manifest.document;
  if (label === undefined) return null;
  const path = resolveHref(manifest, label.href);
  const areas = await readFloodAreas(path, {
    signal,
    onProgress,
    bounds: grid.bounds,
    boundsCrs: grid.crs,
  });
  if (areas.features.length === 0) {
    const message = `the label ${path} has no polygon that touches the grid, so that the label is empty`;
    onProgress?.({ type: 'warning', message });
  }
  const mask = new Uint8Array(grid.pixelCount);
  const ones = new Uint8Array(areas.features.length).fill(1);
  const rasterizer = new Rasterizer(areas, grid);
  if (!rasterizer.isNear) throw noOverlap(path, placeOf(areas), 'the event’s box', grid);
  rasterizer.burn({ start: 0, end: grid.height }, mask, ones);
  return mask;
}

async function writeMask(path: string, geobox: GeoBox, mask: Uint8Array): Promise<void> {
  await writeCog(path, [mask], { geobox, bands: 1, dtype: 'uint8', nodata: 255, overviews: 'mode' });
}
