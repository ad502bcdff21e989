/** The memory of a job, by part, computed before it is allocated. */
import { tooLarge } from '../errors.js';
import type { ChipLayout, RowRange } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import { BATCHES_AT_ONCE } from '../inference/runner.js';
import { STRIPS_COMPUTED } from '../raster/grid-rows.js';
import type { TilePlan } from './tile-plan.js';

/** The memory of a job, in bytes. */
export interface MemoryPlan {
  /** The limit of the process; Infinity for a plan without one. */
  readonly limitBytes: number;
  /** Its approximate peak: the sum of the parts. */
  readonly bytes: number;
  /**
   * By part: `runtime` (program and threads), `model` (its runtime, weights, and values between its layers), `strips` (bands
   * on the grid), `mosaics` (bands of files that overlap, before they are combined), `sources` (windows that are warped),
   * `blocks` (decoded tiles of sources), `decoders` (tiles while they are decoded), `chips`, `predictions`, `units` and
   * `output` (rows that are written), `masks` (of the whole grid).
   */
  readonly parts: Readonly<Partial<Record<MemoryPart, number>>>;
  /** The most bytes of decoded blocks that are kept. */
  readonly cacheBytes: number;
  /** Bytes of tensors on a GPU with memory of its own; 0 without one. */
  readonly deviceBytes: number;
  /** Blocks of sources that are decoded: at most, since a file may lack empty ones. */
  readonly blocks: number;
  /** Blocks that are decoded again, at most, since `cacheBytes` does not hold all that are needed twice. */
  readonly blocksAgain: number;
}

/** A part of the memory of a job. */
export type MemoryPart =
  | 'runtime'
  | 'model'
  | 'strips'
  | 'mosaics'
  | 'sources'
  | 'blocks'
  | 'decoders'
  | 'chips'
  | 'predictions'
  | 'units'
  | 'output'
  | 'masks';

/** The options of a job that change its memory. */
export interface MemoryOptions {
  /** Bytes that the process may take (default: what the machine and its control group have free). */
  memory?: number;
  /** Bytes of decoded blocks to keep (default: as many as are needed so that none is decoded twice, within `memory`). */
  cacheBytes?: number;
}

// Measured part by part, on 2 cores with Node 20 and onnxruntime 1.30. They are estimates.
/** Node and the modules that are loaded. */
const PROGRAM_BYTES = 64 * 2 ** 20;
/** Objects, what is not collected yet, and what the allocator does not give back. The rest of the measured peaks. */
const HEAP_BYTES = 160 * 2 ** 20;
/** A thread of the backend and one that decodes, 8 MiB each. */
const THREAD_BYTES = 16 * 2 ** 20;
/** ONNX Runtime with a small model that is loaded. */
const ONNX_BYTES = 32 * 2 ** 20;
/** Weights in memory for each byte of the model's files: as they are read, and as they are laid out. */
export const MODEL_COPIES = 2;
/**
 * Float32 values between layers for each pixel of a chip, and more for each of its bands: 97 in all for the 2 bands of
 * demo-water-s1, 276 for the 57 of demo-flood.
 */
const LAYER_VALUES = 96;
const BAND_VALUES = 3.5;
/** Windows of sources in memory: two that are read or warped, each as it is stored and on the device. */
const WINDOWS = 4;
/** Share of the memory that decoded blocks may fill, with all other parts. */
const FILLED = 0.9;

/** A job that maps or embeds a scene. */
export interface SceneJob {
  readonly layout: ChipLayout;
  /** Bands of each image: an input in a phase. */
  readonly bands: readonly number[];
  /** The most bands whose new rows are computed apart from the strip, since a step changes whole planes. */
  readonly bandsApart: number;
  /** Values that the model returns for a chip. */
  readonly answerValues: number;
  /** Layers of the map; 0 for embeddings. */
  readonly layers: number;
  readonly batchSize: number;
  /** Chips that the model runs at a time, each with its own copy of the weights; null for whole batches. */
  readonly chipsAtOnce: number | null;
  /** Values of a unit. */
  readonly unitValues: number;
  /** Values of the layers of a mosaic; 0 without one. */
  readonly mosaicValues: number;
  /** Bytes of the model's files. */
  readonly modelBytes: number;
  readonly backend: BackendInfo;
}

/** The rows of a scene that are read for each row of chips: those that the strip above lacks. */
export function freshRows({ height, size, rowStarts }: ChipLayout): RowRange[] {
  const ends = Array.from(rowStarts, (start) => Math.min(height, start + size));
  return Array.from(rowStarts, (start, k) => ({ start: k === 0 ? start : ends[k - 1], end: ends[k] }));
}

/** Bytes of a job's parts without decoded blocks, in the process and on a GPU with memory of its own. */
export function sceneParts(job: SceneJob, tiles: TilePlan): Parts {
  const { layout, bands, backend, batchSize, chipsAtOnce } = job;
  const { width, height, size, columnStarts, rowStarts } = layout;
  const planes = bands.reduce((sum, count) => sum + count, 0);
  const fresh = Math.max(
    ...freshRows(layout)
      .slice(1)
      .map(({ start, end }) => end - start),
    0,
  );
  const strip = Math.min(size, height) * width;
  const chip = size ** 2;
  // The strip, the one before, the rows that are computed apart, and the mask of each strip.
  const strips = 4 * (2 * planes * strip + job.bandsApart * fresh * width) + 2 * strip;
  const rows = Math.min(rowStarts.length, Math.ceil(size / Math.max(1, fresh || size)) + 1);
  const predictions = 4 * job.layers * chip * rows * columnStarts.length;
  const input = 4 * batchSize * planes * chip;
  const answer = 4 * batchSize * job.answerValues;
  // Batches that the model runs, for a map the next one too, and what the runtime takes and returns.
  const running = chipsAtOnce === null || job.layers === 0 ? 1 : BATCHES_AT_ONCE;
  const batches = job.layers === 0 ? running : running + 1;
  const taken = (chipsAtOnce ?? batchSize) / batchSize;
  const device = {
    strips,
    mosaics: 4 * job.mosaicValues,
    predictions,
    chips: batches * input + running * answer,
  };
  return onDevice(backend, device, {
    runtime: PROGRAM_BYTES + HEAP_BYTES + THREAD_BYTES * backend.threads,
    model:
      (ONNX_BYTES + MODEL_COPIES * job.modelBytes) * (chipsAtOnce ?? 1) +
      THREAD_BYTES * (chipsAtOnce ?? 0) +
      4 * (LAYER_VALUES + BAND_VALUES * planes) * chip * (chipsAtOnce ?? batchSize),
    sources: WINDOWS * tiles.windowBytes,
    decoders: decoderBytes(tiles, backend),
    chips: taken * input + running * answer,
    // A unit as it is computed, the next one, and its file.
    units: 4 * 3 * job.unitValues,
  });
}

/** A job that puts bands on a grid, and writes them. */
export interface GridJob {
  readonly width: number;
  /** Rows of a strip. */
  readonly rows: number;
  readonly bands: number;
  /** Values of the layers of a mosaic; 0 without one. */
  readonly mosaicValues: number;
  /** Bytes of a written value. */
  readonly valueBytes: number;
  /** Bytes that are held of the whole grid. */
  readonly maskBytes: number;
  readonly backend: BackendInfo;
}

/** Rows of tiles in files. */
const TILE_ROWS = 512;

export function gridParts(job: GridJob, tiles: TilePlan): Parts {
  const { width, rows, bands, valueBytes, backend } = job;
  const strip = 4 * bands * rows * width;
  return onDevice(
    backend,
    { strips: STRIPS_COMPUTED * strip, mosaics: STRIPS_COMPUTED * 4 * job.mosaicValues },
    {
      runtime: PROGRAM_BYTES + HEAP_BYTES + THREAD_BYTES * backend.threads,
      strips: STRIPS_COMPUTED * strip,
      sources: STRIPS_COMPUTED * WINDOWS * tiles.windowBytes,
      decoders: decoderBytes(tiles, backend),
      // A row of tiles, as values and as it is written.
      output: 2 * bands * TILE_ROWS * width * valueBytes,
      masks: job.maskBytes,
    },
  );
}

/** A job that combines rows of a catalog, tile by tile. */
export interface MosaicJob {
  readonly tilePixels: number;
  /** Pixels of the rows of tiles that are held until they are written. */
  readonly heldPixels: number;
  /** Layers of the result. */
  readonly layers: number;
  /** Values of the planes that are combined at once. */
  readonly planeValues: number;
  /** Sources of a tile that are open at once. */
  readonly sources: number;
  /** Sources that are read at once. */
  readonly concurrent: number;
  readonly masked: boolean;
  /** Bytes of a written value, and of one that is computed. */
  readonly valueBytes: number;
  readonly floatBytes: number;
  readonly backend: BackendInfo;
}

/** A list of planes is copied into a stack of this size to combine them. */
const STACK_BYTES = 2 ** 26;

/** Bytes of a pixel of a band of classes: as float32 before and after the mask, the mask, and which have data. */
const MASK_BYTES = 12;

/** Bytes per byte of a block that is being decoded: the stored bytes, at most as many, and both in WebAssembly. */
const DECODING_COPIES = 3;

/** Bytes of the blocks that threads are decoding, beside the decoded ones. */
function decoderBytes({ blocks, largestBytes }: TilePlan, { threads }: BackendInfo): number {
  return DECODING_COPIES * largestBytes * Math.min(blocks, Math.max(1, threads));
}

export function mosaicParts(job: MosaicJob, tiles: TilePlan): Parts {
  const { tilePixels, layers, heldPixels, valueBytes, floatBytes, backend } = job;
  return onDevice(
    backend,
    { mosaics: 4 * job.planeValues + STACK_BYTES },
    {
      runtime: PROGRAM_BYTES + HEAP_BYTES + THREAD_BYTES * backend.threads,
      // The rows that are computed, those that are written, a tile, and tiles that are not collected yet.
      strips: floatBytes * layers * (2 * heldPixels + 3 * tilePixels),
      sources: job.concurrent * WINDOWS * tiles.windowBytes,
      decoders: decoderBytes(tiles, backend),
      output: 2 * layers * heldPixels * valueBytes,
      // Which pixels of each source are valid; and the classes of those that are read, and what is computed of them.
      masks: job.masked ? (2 * job.sources + MASK_BYTES * job.concurrent) * tilePixels : 0,
    },
  );
}

/** Bytes by part, without decoded blocks. */
export interface Parts {
  readonly host: Readonly<Partial<Record<MemoryPart, number>>>;
  readonly deviceBytes: number;
}

/** Tensors are in the memory of the process, except on a hardware GPU. */
function onDevice(
  { adapterClass }: BackendInfo,
  device: Partial<Record<MemoryPart, number>>,
  host: Partial<Record<MemoryPart, number>>,
): Parts {
  if (adapterClass === 'hardware') return { host, deviceBytes: totalOf(device) };
  const both = new Map<string, number>(Object.entries(host));
  for (const [part, bytes] of Object.entries(device)) both.set(part, (both.get(part) ?? 0) + bytes);
  return { host: Object.fromEntries(both), deviceBytes: 0 };
}

function totalOf(parts: Readonly<Partial<Record<MemoryPart, number>>>): number {
  return Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
}

/** A change of options that makes a job smaller, in words. */
export interface SmallerJob {
  readonly remedy: string;
  readonly parts: Parts;
}

/**
 * Fits the decoded blocks into the memory that the other parts leave.
 * @param name the job, as the subject of the message
 * @param smaller what would take less, from the smallest change on
 * @throws {TerrachipError} TOO_LARGE if the job does not fit; the message names the first change with which it does
 */
export function planMemory(
  name: string,
  parts: Parts,
  tiles: TilePlan,
  { memory: limitBytes, cacheBytes }: Required<Pick<MemoryOptions, 'memory'>> & MemoryOptions,
  smaller: readonly SmallerJob[] = [],
): MemoryPlan {
  const others = totalOf(parts.host);
  // One block is held in any case.
  const least = others + tiles.largestBytes;
  if (least > limitBytes) {
    const fitting = smaller.find((each) => totalOf(each.parts.host) + tiles.largestBytes <= limitBytes);
    throw tooLarge(
      `${name} needs about ${inUnits(least)} of memory, and may take ${inUnits(limitBytes)}`,
      fitting?.remedy ?? 'take a machine with more memory, or a narrower part of the scene',
      { size: least, limit: limitBytes },
    );
  }
  const room = Math.max(tiles.largestBytes, Math.floor(FILLED * limitBytes) - others);
  const bound = cacheBytes ?? Math.min(tiles.cacheBytes, room);
  const blocks = Math.max(Math.min(bound, tiles.cacheBytes), tiles.largestBytes);
  return {
    limitBytes,
    bytes: others + blocks,
    parts: { ...parts.host, blocks },
    cacheBytes: bound,
    deviceBytes: parts.deviceBytes,
    blocks: tiles.blocks,
    blocksAgain: tiles.again(bound),
  };
}

/** Bytes in MiB, or GiB from one on. */
export function inUnits(bytes: number): string {
  const mebi = bytes / 2 ** 20;
  return mebi < 1024 ? `${Math.ceil(mebi)} MiB` : `${(mebi / 1024).toFixed(2)} GiB`;
}
