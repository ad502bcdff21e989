/**
 * Packages: an event's bands on one grid, ready for a model. Images are computed in strips of rows; only a bit per pixel
 * is held whole in memory.
 */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { groupBy } from '../catalog/group-by.js';
import { ControlGrids, type GeoBox, noOverlap } from '../geo/index.js';
import type { Backend, BackendInfo } from '../gpu/index.js';
import { type BackendChoice, createBackend } from '../gpu/node/index.js';
import { requireSpace } from '../io/node/disk-space.js';
import { requireApart } from '../io/node/inputs.js';
import { makeFolder, makeOutputFolder, writeFileAtomically, writeJson } from '../io/node/output.js';
import { withoutUndefined } from '../json.js';
import { counted, type OperationOptions, reportPlan, reportProgress } from '../progress.js';
import { type BlockCounters, createBlockCache } from '../raster/node/index.js';
import { placeOf } from '../vector/features.js';
import { Rasterizer } from '../vector/node/index.js';
import { type Acquisition, readAcquisition } from './acquisition.js';
import type { PackageFormat } from './choices.js';
import { readFloodAreas } from './flood-areas.js';
import { InputVersions } from './input-versions.js';
import type { MemoryOptions, MemoryPlan } from './memory.js';
import { CogForm } from './package/cog-form.js';
import type { ImageWriter, PackagedChips } from './package/form.js';
import {
  changedFiles,
  hrefsOf,
  isWhole,
  type PackageInput,
  type PackageJob,
  type PackageRecord,
  planPackage,
  RECORD_FILE,
  readRecord,
} from './package/job.js';
import { eventGrid, listImages, type PackageImage } from './package/manifest.js';
import { NpyForm } from './package/npy-form.js';
import { type RowMask, shareOf, ValidPixels } from './package/valid-pixels.js';
import { packageImage } from './package-images.js';
import { DEFAULT_MAX_PIXELS } from './plan.js';
import { replaceFiles } from './publish.js';
import { removeEmptyOutput } from './run-owner.js';
import { refuseOtherPlans, runFolder } from './run-plan.js';
import { type RequestOptions, resolveHref } from './scene.js';
import { UnitRun } from './unit-run.js';

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
  /** Keep the files of images that an earlier run finished; a finished package is left as it is. */
  resume?: boolean;
  /** Make those files again. Without `resume` and `overwrite` they are an error. */
  overwrite?: boolean;
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
  /** The memory of the image that needs most. */
  memory: MemoryPlan | null;
  backend: BackendInfo;
  /** Whether the output had this package already, so that nothing was computed. */
  finishedBefore: boolean;
}

/**
 * Warps the images of an event to one grid. Its files are made beside the output, in a folder `OUTPUT.run`, and moved
 * when all are there.
 * @throws {TerrachipError} INVALID_INPUT for a manifest or files that do not fit, and files that change while they are
 *   read; BUSY if another process makes the same package; NETWORK, DISK
 */
export async function packageManifest(options: PackageOptions): Promise<PackageReport> {
  const { output, format = 'cog', resolution = 10, anchor = 'fit', signal } = options;
  const manifest = await readAcquisition(options.manifest);
  const grid = packageGrid(manifest, options);
  const images = listImages(manifest);
  const label = labelOf(manifest);
  const isNew = (await stat(output).catch(() => null)) === null;
  const backend = await createBackend(options);
  try {
    const { access, retry, timeout } = options;
    const versions = new InputVersions(withoutUndefined({ access, retry, timeout }));
    const input = { manifest, images, grid, format, resolution, anchor, backend: backend.info, label };
    const job = await planPackage(input, versions, signal);
    return await runJob({ ...options, ...input, job, versions }, backend);
  } catch (error) {
    if (isNew) await removeEmptyOutput(output, error);
    throw error;
  } finally {
    backend.dispose();
  }
}

/** A package that is planned. */
interface Job extends Omit<PackageOptions, keyof PackageInput>, PackageInput {
  readonly job: PackageJob;
  readonly versions: InputVersions;
}

async function runJob(options: Job, backend: Backend): Promise<PackageReport> {
  const { manifest, images, grid, format, output, job, versions, signal } = options;
  const folder = runFolder(output, job.fingerprint);
  const stage = join(folder, 'package');
  const plan = { folder: stage, manifest, grid, images };
  await using form = format === 'npy' ? new NpyForm(plan) : new CogForm(plan);
  const earlier = await readRecord(output);
  const outdated = [...form.files, ...(earlier?.files ?? []).map(({ path }) => path)];
  await requireApart(
    [...outdated, RECORD_FILE].map((file) => join(output, file)),
    filesOf(manifest, images),
  );
  await makeOutputFolder(output);
  let memory: MemoryPlan | null = null;
  const counters: BlockCounters = { blocksDecoded: 0, blocksDecodedAgain: 0, bytesRead: 0 };
  const report = (record: PackageRecord, finishedBefore: boolean): PackageReport => ({
    format,
    scene: join(output, form.scene),
    grid: grid.toJSON(),
    validShare: record.validShare,
    label: record.hasLabel ? join(output, form.label) : null,
    chips: record.chips,
    counters,
    memory,
    backend: backend.info,
    finishedBefore,
  });
  const files = [...groupBy(images, (image) => form.fileOf(image))];
  const run = new UnitRun(
    folder,
    files.map((_, unit) => ({ start: unit, end: unit + 1 })),
  );
  if (options.resume === true) {
    const isSame = earlier?.fingerprint === job.fingerprint;
    if (isSame && (await isWhole(output, earlier))) {
      await run.removeRest();
      return report(earlier, true);
    }
    await refuseOtherPlans(folder, job.settings, (theirs) => changedFiles(job, theirs));
  }
  const toMake = (await run.missing()).flatMap((unit) => files[unit][1]);
  const disk = await requireSpace(output, packageBytes(grid, toMake));
  reportPlan(options, 'package', {
    reads: `${counted(toMake.length, 'image')} of ${counted(new Set(toMake.flatMap(hrefsOf)).size, 'file')}`,
    writes: `${counted(
      toMake.reduce((sum, image) => sum + image.bands.length, 0),
      'band',
    )} of ${grid.width} × ${grid.height} pixels to ${output}`,
    disk,
  });
  const own = { start: 0, end: files.length };
  await using _claimed = await run.claim(own, options);
  await makeFolder(stage);
  await writeJson(join(folder, 'plan.json'), { ...job.settings, inputs: job.inputs });
  const maskOf = (unit: number): string => join(folder, `${unit}.mask`);
  await run.compute(
    'package',
    own,
    async (missing, done) => {
      const shared = { cache: createBlockCache(), controls: new ControlGrids() };
      const own = missing.flatMap((unit) => files[unit][1]);
      let imagesDone = images.length - own.length;
      reportProgress(options, 'package', imagesDone, images.length, 'images');
      const about = { adapter: backend.info.adapter, provider: backend.info.kind };
      const finish = async (writer: ImageWriter): Promise<void> => {
        await using owned = writer;
        await owned.finish();
        reportProgress(options, 'package', ++imagesDone, images.length, 'images');
      };
      const mark = async (unit: number, valid: ValidPixels): Promise<void> => {
        const [path, parts] = files[unit];
        await versions.requireUnchanged(signal, parts.flatMap(hrefsOf));
        await writeFileAtomically(maskOf(unit), valid.bytes);
        await run.mark(unit, [join(stage, path), maskOf(unit)], about);
        done();
      };
      // A file is written to the disk and hashed while the next image is computed.
      let ending: Promise<void> = Promise.resolve();
      try {
        for (const unit of missing) {
          const [, parts] = files[unit];
          const valid = new ValidPixels(grid);
          for (const [k, image] of parts.entries()) {
            signal?.throwIfAborted();
            const writer = await form.openImage(image);
            try {
              const needed = await packageImage(image, grid, backend, shared, writer, valid, options);
              if (memory === null || needed.bytes > memory.bytes) memory = needed;
              addCounters(counters, shared.cache.counters);
              await ending;
            } catch (error) {
              await writer[Symbol.asyncDispose]();
              throw error;
            }
            const isLast = k === parts.length - 1;
            ending = finish(writer).then(() => (isLast ? mark(unit, valid) : undefined));
            // A failure is reported where it is awaited.
            ending.catch(() => undefined);
          }
        }
        await ending;
      } finally {
        await Promise.allSettled([ending]);
      }
    },
    options,
  );
  const valid = new ValidPixels(grid);
  for (const unit of files.keys()) valid.intersect(await readFile(maskOf(unit)));
  const label = await rasterizeLabel(manifest, grid, options);
  const chips = await form.finish(valid, label);
  await versions.requireUnchanged(signal);
  const written = form.files.filter((file) => label !== null || file !== form.label);
  const record: PackageRecord = {
    schemaVersion: 1,
    fingerprint: job.fingerprint,
    validShare: shareOf(valid),
    hasLabel: label !== null,
    chips,
    files: await Promise.all(
      written.map(async (path) => ({ path, bytes: (await stat(join(stage, path))).size })),
    ),
  };
  await writeJson(join(stage, RECORD_FILE), record);
  await replaceFiles(stage, output, form.scene, outdated, [...written, RECORD_FILE]);
  await run.remove();
  return report(record, false);
}

/** Bytes of a package: its images are stored as they are; its masks, which are compressed, count as one byte per pixel. */
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
  const label = labelOf(manifest);
  return [manifest.path, ...images.flatMap(hrefsOf), ...(label === null ? [] : [label])];
}

/** The file of the label. */
function labelOf(manifest: Acquisition): string | null {
  const { label } = manifest.document;
  return label === undefined ? null : resolveHref(manifest, label.href);
}

/** 1 in pixels whose centres are inside the manifest's polygons. */
async function rasterizeLabel(
  manifest: Acquisition,
  grid: GeoBox,
  { signal, onProgress }: OperationOptions,
): Promise<RowMask | null> {
  const path = labelOf(manifest);
  if (path === null) return null;
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
