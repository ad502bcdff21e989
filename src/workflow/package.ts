/**
 * Packages: an event's bands on one grid, ready for a model. Images are computed in strips of rows; only a bit per pixel
 * is held whole in memory.
 */

import { join } from 'node:path';
import { ControlGrids, type GeoBox, noOverlap } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import { type BackendChoice, createBackend } from '../gpu/node/index.js';
import { requireSpace } from '../io/node/disk-space.js';
import { requireApart } from '../io/node/inputs.js';
import { makeOutputFolder } from '../io/node/output.js';
import { type OperationOptions, reportProgress } from '../progress.js';
import { type BlockCounters, createBlockCache } from '../raster/node/index.js';
import { placeOf } from '../vector/features.js';
import { Rasterizer } from '../vector/node/index.js';
import { type Acquisition, readAcquisition } from './acquisition.js';
import type { PackageFormat } from './choices.js';
import { readFloodAreas } from './flood-areas.js';
import type { MemoryOptions, MemoryPlan } from './memory.js';
import { CogForm } from './package/cog-form.js';
import type { PackagedChips } from './package/form.js';
import { eventGrid, listImages, type PackageImage } from './package/manifest.js';
import { NpyForm } from './package/npy-form.js';
import { type RowMask, shareOf, ValidPixels } from './package/valid-pixels.js';
import { packageImage } from './package-images.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { type RequestOptions, resolveHref } from './scene.js';

/** The acquisition manifest to package, and the grid. */
export interface PackageOptions extends OperationOptions, RequestOptions, Pick<MemoryOptions, 'memory'> {
  /** The acquisition manifest. */
  manifest: string;
  /** The folder for the package. */
  output: string;
  /** Pixel size in units of the manifest's CRS (default 10). */
  resolution?: number;
  /** `fit` (default): pixels are stretched to fit the event's bbox, as in the notebooks. `snap`: on whole pixels. */
  anchor?: 'fit' | 'snap';
  /** `cog` (default): COGs and a scene file. `npy`: the arrays, chip list and document of the notebooks. */
  format?: PackageFormat;
  backend?: BackendChoice;
  threads?: number;
  /** Largest allowed grid, in pixels (default 500 million). */
  maxPixels?: number;
}

/** The files and grid that `packageManifest` wrote. */
export interface PackageReport {
  format: PackageFormat;
  /** The document that `infer` reads: the scene file, or the notebooks' document of the arrays. */
  scene: string;
  grid: ReturnType<GeoBox['toJSON']>;
  /** Share of the pixels where every band of every phase has data. */
  validShare: number;
  /** The label on the grid, or null when the manifest has none. */
  label: string | null;
  /** The chips of the package's list. */
  chips: PackagedChips;
  counters: BlockCounters;
  /** Of the image that needs most. */
  memory: MemoryPlan | null;
  backend: BackendInfo;
}

export async function packageManifest(options: PackageOptions): Promise<PackageReport> {
  const { output, signal } = options;
  const manifest = await readAcquisition(options.manifest);
  const grid = packageGrid(manifest, options);
  const images = listImages(manifest);
  const { format = 'cog' } = options;
  const plan = { folder: output, manifest, grid, images };
  await using form = format === 'npy' ? new NpyForm(plan) : new CogForm(plan);
  await requireApart(
    form.files.map((file) => join(output, file)),
    filesOf(manifest, images),
  );
  await requireSpace(output, packageBytes(grid, images));
  await makeOutputFolder(output);
  const backend = await createBackend(options);
  const valid = new ValidPixels(grid);
  let memory: MemoryPlan | null = null;
  const counters: BlockCounters = { blocksDecoded: 0, blocksDecodedAgain: 0, bytesRead: 0 };
  try {
    const shared = { cache: createBlockCache(), controls: new ControlGrids() };
    for (const [done, image] of images.entries()) {
      signal?.throwIfAborted();
      reportProgress(options, 'package', done, images.length, 'images');
      await using writer = await form.openImage(image);
      const plan = await packageImage(image, grid, backend, shared, writer, valid, options);
      if (memory === null || plan.bytes > memory.bytes) memory = plan;
      addCounters(counters, shared.cache.counters);
      await writer.finish();
    }
  } finally {
    backend.dispose();
  }
  const label = await rasterizeLabel(manifest, grid, options);
  const chips = await form.finish(valid, label);
  reportProgress(options, 'package', images.length, images.length, 'images');
  return {
    format,
    scene: join(output, form.scene),
    grid: grid.toJSON(),
    validShare: shareOf(valid),
    label: label === null ? null : join(output, form.label),
    chips,
    counters,
    memory,
    backend: backend.info,
  };
}

/** Bytes of a package: its images are stored as they are; its masks, which are compressed, count as a byte a pixel. */
function packageBytes({ pixelCount }: GeoBox, images: readonly PackageImage[]): number {
  const bands = images.reduce((sum, image) => sum + image.bands.length, 0);
  return pixelCount * (4 * bands + 1);
}

function addCounters(sum: BlockCounters, more: BlockCounters): void {
  sum.blocksDecoded += more.blocksDecoded;
  sum.blocksDecodedAgain += more.blocksDecodedAgain;
  sum.bytesRead += more.bytesRead;
}

function packageGrid(manifest: Acquisition, { resolution, anchor, maxPixels }: PackageOptions): GeoBox {
  return eventGrid(manifest, resolution, anchor).requireAtMost(
    maxPixels ?? DEFAULT_MAX_PIXELS,
    'choose a coarser `resolution` or a smaller bbox, or raise `maxPixels`',
  );
}

/** The manifest and all files that it names. */
function filesOf(manifest: Acquisition, images: readonly PackageImage[]): string[] {
  const { label } = manifest.document;
  const tiles = images.flatMap(({ bands }) => bands.flatMap((band) => band.tiles.map(({ href }) => href)));
  return [manifest.path, ...tiles, ...(label === undefined ? [] : [resolveHref(manifest, label.href)])];
}

/** 1 in pixels whose centres are inside the manifest's polygons. */
async function rasterizeLabel(
  manifest: Acquisition,
  grid: GeoBox,
  { signal, onProgress }: OperationOptions,
): Promise<RowMask | null> {
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
  const ones = new Uint8Array(areas.features.length).fill(1);
  const rasterizer = new Rasterizer(areas, grid);
  if (!rasterizer.isNear) throw noOverlap(path, placeOf(areas), 'the event’s box', grid);
  return {
    width: grid.width,
    height: grid.height,
    rows(range) {
      const mask = new Uint8Array((range.end - range.start) * grid.width);
      rasterizer.burn(range, mask, ones);
      return mask;
    },
  };
}
