/** Describes raster files. */
import { createHash } from 'node:crypto';
import type { AffineTuple } from '../geo/index.js';
import { type OperationOptions, reportProgress } from '../progress.js';
import {
  type BandInfo,
  type ColourTable,
  type MaskKind,
  type Metadata,
  openRaster,
  type Raster,
  readPixels,
  toStoredIntegers,
} from '../raster/node/index.js';

/** The report of `describeRaster` on a band. */
export interface BandReport extends Omit<BandInfo, 'nodata'> {
  /** A number, or `nan`, `inf`, `-inf` as text, since JSON has no such numbers; null for none. */
  nodata: number | string | null;
  /** SHA-256 of the values in their stored type, little-endian and row by row; null without `checksum`. */
  sha256: string | null;
  /**
   * Statistics of the finite valid values (not nodata, not hidden by a mask or an alpha band). Of complex values, the
   * magnitudes count. Null without `checksum`, or without valid values.
   */
  min: number | null;
  max: number | null;
  mean: number | null;
}

/** The report of `describeRaster` on a raster. */
export interface RasterReport {
  path: string;
  width: number;
  height: number;
  transform: AffineTuple | null;
  crs: { epsg: number | null; name: string; wkt: string | null } | null;
  compression: string;
  predictor: number;
  blockSize: [number, number];
  overviews: [number, number][];
  colourTable: ColourTable | null;
  mask: MaskKind;
  /** Number of ground control points. */
  gcps: number;
  hasRpc: boolean;
  /** Why the file's georeference cannot be used; else null. */
  placeProblem: string | null;
  metadata: Metadata;
  bands: BandReport[];
}

/** Options of `describeRaster`. */
export interface InfoOptions extends OperationOptions {
  /** Decode all pixels for checksums and statistics (default false). */
  checksum?: boolean;
}

export async function describeRaster(path: string, options: InfoOptions = {}): Promise<RasterReport> {
  await using raster = await openRaster(path, { signal: options.signal, onProgress: options.onProgress });
  const pixels = options.checksum === true ? await measureBands(raster, options) : null;
  return {
    path: raster.name,
    width: raster.width,
    height: raster.height,
    transform: raster.transform?.toTuple() ?? null,
    crs: raster.crs?.toJSON() ?? null,
    compression: raster.compression,
    predictor: raster.predictor,
    blockSize: [...raster.blockSize],
    overviews: raster.overviews.map(([width, height]) => [width, height]),
    colourTable: raster.colourTable,
    mask: raster.mask,
    gcps: raster.gcps?.points.length ?? 0,
    hasRpc: raster.hasRpc,
    placeProblem: raster.placeProblem,
    metadata: raster.metadata,
    bands: raster.bands.map((band, i) => ({
      ...band,
      nodata: band.nodata === null || Number.isFinite(band.nodata) ? band.nodata : spell(band.nodata),
      ...(pixels?.[i] ?? { sha256: null, min: null, max: null, mean: null }),
    })),
  };
}

function spell(value: number): string {
  return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
}

type Pixels = Pick<BandReport, 'sha256' | 'min' | 'max' | 'mean'>;

/** Values of one read, about. */
const VALUES_PER_READ = 4 * 2 ** 20;

/** Reads every pixel once, in whole rows of blocks. */
async function measureBands(raster: Raster, options: OperationOptions): Promise<Pixels[]> {
  const totals = raster.bands.map(() => ({
    hash: createHash('sha256'),
    min: Infinity,
    max: -Infinity,
    sum: 0,
    count: 0,
  }));
  const blockRows = Math.max(1, raster.blockSize[1]);
  const blocks = Math.max(1, Math.floor(VALUES_PER_READ / (raster.width * raster.bands.length * blockRows)));
  const step = blocks * blockRows;
  for (let y = 0; y < raster.height; y += step) {
    const window = { x: 0, y, width: raster.width, height: Math.min(step, raster.height - y) };
    const { planes, valid } = await readPixels(raster, { window, signal: options.signal });
    for (const [i, plane] of planes.entries()) {
      const total = totals[i];
      const stored = toStoredIntegers(raster.bands[i].storedType, plane);
      total.hash.update(new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength));
      const { components } = raster.bands[i];
      for (let k = 0; k < plane.length; k += components) {
        const value = components === 1 ? plane[k] : Math.hypot(plane[k], plane[k + 1]);
        if (!Number.isFinite(value) || valid[i][k / components] === 0) continue;
        if (value < total.min) total.min = value;
        if (value > total.max) total.max = value;
        total.sum += value;
        total.count++;
      }
    }
    reportProgress(options, 'read', y + window.height, raster.height, 'rows');
  }
  return totals.map(({ hash, min, max, sum, count }) => ({
    sha256: hash.digest('hex'),
    min: count === 0 ? null : min,
    max: count === 0 ? null : max,
    mean: count === 0 ? null : sum / count,
  }));
}
