/** Rasters of the Process API on the disk: large grids are requested in parts, and assembled row by row. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput, messageOf } from '../../errors.js';
import { allocateArray, type GeoBox, type TypedArray } from '../../geo/index.js';
import { publicUrl } from '../../io/http-errors.js';
import { MemorySource, type OpenOptions } from '../../io/index.js';
import { makeFolder, requireEnding, requireWritable, writeFileAtomically } from '../../io/node/output.js';
import { requestBody } from '../../io/web-request.js';
import { type OperationOptions, reportProgress } from '../../progress.js';
import { GeoTiffRaster, readPixels } from '../../raster/index.js';
import { CogWriter } from '../../raster/node/index.js';
import {
  bytesPerPixel,
  type ProcessOptions,
  type ProcessPlan,
  type ProcessStrip,
  planProcess,
  processBody,
  processStrips,
} from '../copernicus/process-request.js';

const ENDPOINT = 'https://sh.dataspace.copernicus.eu/api/v1/process';

/** Bytes of a response beyond those of its pixels. */
const HEAD_BYTES = 2 ** 20;

/** Limits of the service are per minute. */
const RETRY = { attempts: 8, delay: 500, maxDelay: 60_000 };

/** The requested data, the output, and the service. */
export interface ProcessFileOptions
  extends ProcessOptions,
    Omit<OpenOptions, 'signal' | 'headers'>,
    OperationOptions {
  /** The grid: north-up, of a CRS with an EPSG code. */
  geobox: GeoBox;
  /** The COG to write. */
  destination: string;
  /** The URL of the Process API (default: that of the Copernicus Data Space). */
  endpoint?: string;
}

/** The written file, and how it was made. */
export interface ProcessReport {
  destination: string;
  width: number;
  height: number;
  crs: string;
  bands: readonly string[];
  units: string;
  dtype: string;
  /** The request: collection, filter and processing. */
  data: Readonly<Record<string, unknown>>;
  /** Number of pixels with data. */
  validPixels: number;
  /** Requests for the grid, and how many of them an earlier run had completed. */
  requests: number;
  reused: number;
  /** Cost in processing units, as reported by the service; null if it does not report it. */
  processingUnits: number | null;
}

/**
 * Requests a raster and writes it as a COG on exactly its grid. Grids above 2500 pixels per side are requested in parts.
 * Responses are kept in the folder `DESTINATION.parts` until the COG is complete: after a failure, the same call requests
 * only missing parts. Pixels without data are NaN in `float32`, else marked by the mask of the file. The metadata of the COG
 * contain the request.
 * @param options `access` must be that of `copernicusAccess`, unless `setDefaultAccess` has set it
 * @throws {TerrachipError} INVALID_OPTION or INVALID_INPUT for an impossible request, or a response that does not match it;
 * NETWORK; DISK
 */
export async function processFile(options: ProcessFileOptions): Promise<ProcessReport> {
  const { destination, geobox, signal } = options;
  const plan = planProcess(options);
  requireEnding(destination, 'GeoTIFF');
  await requireWritable(destination);
  const strips = processStrips(geobox, plan);
  const parts = new Parts(options, plan);
  const isFloat = plan.dtype === 'float32';
  await using writer = await CogWriter.create(destination, {
    geobox,
    bands: plan.bands.length,
    dtype: plan.dtype,
    nodata: isFloat ? Number.NaN : null,
    mask: isFloat ? false : 'auto',
    overviews: plan.units === 'class' ? 'mode' : 'average',
    descriptions: plan.bands,
    metadata: { UNITS: plan.units, PROCESS_REQUEST: JSON.stringify(plan.data) },
  });
  let validPixels = 0;
  for (const strip of strips) {
    signal?.throwIfAborted();
    const { planes, mask } = await readStrip(strip, geobox, plan, parts);
    for (const value of mask) validPixels += value === 0 ? 0 : 1;
    if (isFloat) for (const plane of planes) clear(plane, mask);
    await writer.writeRows(planes, isFloat ? null : mask);
    reportProgress(options, 'process', strip.end, geobox.height, 'rows');
  }
  await writer.finish();
  await parts.remove();
  return {
    destination,
    width: geobox.width,
    height: geobox.height,
    crs: geobox.crs.toString(),
    bands: plan.bands,
    units: plan.units,
    dtype: plan.dtype,
    data: plan.data,
    validPixels,
    requests: strips.reduce((sum, { columns }) => sum + columns.length, 0),
    reused: parts.reused,
    processingUnits: parts.processingUnits,
  };
}

function clear(plane: TypedArray, mask: Uint8Array): void {
  for (let k = 0; k < mask.length; k++) if (mask[k] === 0) plane[k] = Number.NaN;
}

interface Strip {
  readonly planes: TypedArray[];
  /** 255 for data. */
  readonly mask: Uint8Array;
}

async function readStrip(
  { start, end, columns }: ProcessStrip,
  geobox: GeoBox,
  plan: ProcessPlan,
  parts: Parts,
): Promise<Strip> {
  const { width } = geobox;
  const rows = end - start;
  const planes = plan.bands.map(() => allocateArray(plan.dtype, rows * width));
  const mask = new Uint8Array(rows * width);
  const reads = await Promise.allSettled(
    columns.map(async ([left, right]) => {
      const size = right - left;
      const values = await parts.read(geobox.window(left, start, size, rows));
      for (const [band, plane] of planes.entries()) copyColumns(values[band], size, plane, left, width);
      const valid = values[plan.bands.length];
      for (let k = 0; k < valid.length; k++) {
        if (Number(valid[k]) > 0) mask[Math.floor(k / size) * width + left + (k % size)] = 255;
      }
    }),
  );
  // A failure is thrown after the other responses are stored.
  for (const read of reads) if (read.status === 'rejected') throw read.reason;
  return { planes, mask };
}

/** Copies rows of `size` values to the column `left` of rows of `width` values of the same type. */
function copyColumns(from: TypedArray, size: number, to: TypedArray, left: number, width: number): void {
  const each = to.BYTES_PER_ELEMENT;
  const source = new Uint8Array(from.buffer, from.byteOffset, from.byteLength);
  const target = new Uint8Array(to.buffer, to.byteOffset, to.byteLength);
  for (let row = 0; row * size < from.length; row++) {
    target.set(source.subarray(row * size * each, (row + 1) * size * each), (row * width + left) * each);
  }
}

/** Responses of the service, kept on the disk until they are removed. */
class Parts {
  readonly #options: ProcessFileOptions;
  readonly #plan: ProcessPlan;
  readonly #endpoint: string;
  readonly #folder: string;
  reused = 0;
  processingUnits: number | null = null;

  constructor(options: ProcessFileOptions, plan: ProcessPlan) {
    this.#options = options;
    this.#plan = plan;
    this.#endpoint = options.endpoint ?? ENDPOINT;
    this.#folder = `${options.destination}.parts`;
  }

  /** The bands of a part, and its mask. */
  async read(geobox: GeoBox): Promise<readonly TypedArray[]> {
    const body = processBody(this.#plan, geobox);
    const key = createHash('sha256').update(`${this.#endpoint}\n${body}`).digest('hex').slice(0, 32);
    const path = join(this.#folder, `${key}.tif`);
    const kept = await readFile(path).catch(() => null);
    if (kept !== null) {
      const values = await this.#decode(new Uint8Array(kept), geobox, path).catch(() => null);
      if (values !== null) {
        this.reused++;
        return values;
      }
    }
    const answer = await this.#ask(body, geobox);
    const values = await this.#decode(answer, geobox, publicUrl(this.#endpoint));
    await makeFolder(this.#folder);
    await writeFileAtomically(path, answer);
    return values;
  }

  /** Removes the responses, and the folder unless it contains other files. */
  async remove(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      if (/^[0-9a-f]{32}\.tif(\.|$)/.test(name)) await rm(join(this.#folder, name), { force: true });
    }
    await rmdir(this.#folder).catch(() => undefined);
  }

  async #ask(body: string, { pixelCount }: GeoBox): Promise<Uint8Array<ArrayBuffer>> {
    const { headers, body: bytes } = await requestBody(this.#endpoint, {
      ...openOptions(this.#options),
      retry: this.#options.retry ?? RETRY,
      retryAfterUnit: 'milliseconds',
      body,
      contentType: 'application/json',
      accept: 'image/tiff',
      maxBytes: HEAD_BYTES + 2 * pixelCount * bytesPerPixel(this.#plan),
    });
    const cost = Number(headers.get('x-processingunits-spent') ?? Number.NaN);
    if (Number.isFinite(cost)) this.processingUnits = (this.processingUnits ?? 0) + cost;
    return bytes;
  }

  /** @throws {TerrachipError} INVALID_INPUT for anything but the requested raster */
  async #decode(
    bytes: Uint8Array<ArrayBuffer>,
    wanted: GeoBox,
    name: string,
  ): Promise<readonly TypedArray[]> {
    const refuse = (problem: string, cause?: unknown): Error =>
      invalidInput(name, `answered with ${problem}`, 'try again, or tell the operator of the service', cause);
    let raster: GeoTiffRaster;
    try {
      raster = await GeoTiffRaster.open(new MemorySource(bytes, name));
    } catch (cause) {
      throw refuse(`data that is not a GeoTIFF (${messageOf(cause).split('; ')[0]})`, cause);
    }
    try {
      const { width, height, bands, geobox } = raster;
      const { dtype } = this.#plan;
      const count = this.#plan.bands.length + 1;
      const has = `${bands.length} bands of ${bands[0]?.dtype} on ${width} × ${height} pixels`;
      const asked = `${count} of ${dtype} on ${wanted.width} × ${wanted.height}`;
      const fits = bands.length === count && bands.every((band) => band.dtype === dtype);
      if (!fits || width !== wanted.width || height !== wanted.height) {
        throw refuse(`${has} instead of ${asked}`);
      }
      if (geobox !== null && !isNear(geobox, wanted)) throw refuse('a raster at another position');
      const { planes } = await readPixels(raster, { signal: this.#options.signal });
      return planes;
    } finally {
      await raster.close();
    }
  }
}

/** Whether a grid has the expected position, up to rounding of a thousandth of a pixel. */
function isNear(geobox: GeoBox, wanted: GeoBox): boolean {
  if (!geobox.crs.equals(wanted.crs)) return false;
  const [pixel] = wanted.resolution;
  return geobox.bounds.every((edge, k) => Math.abs(edge - wanted.bounds[k]) < 1e-3 * pixel);
}

function openOptions({
  access,
  timeout,
  answerTimeout,
  leastRate,
  rateWindow,
  allowLocal,
  signal,
}: OpenOptions): OpenOptions {
  return { access, timeout, answerTimeout, leastRate, rateWindow, allowLocal, signal };
}
