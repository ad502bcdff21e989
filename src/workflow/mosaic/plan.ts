/** Plans what a mosaic reads and its memory, before any pixel is read. */
import type { LoadPlan, PlacedSource } from '../../catalog/loaders/plan.js';
import { planesOf, type ReducedLayers } from '../../catalog/loaders/reduced-layers.js';
import { isTerrachipError } from '../../errors.js';
import { type GeoBox, gridStrips, type PixelWindow, unitRows } from '../../geo/index.js';
import { alignedTiles, intersectWindows, wholeWindow } from '../../geo/windows.js';
import type { MosaicMethod } from '../../kernels/index.js';
import { availableMemory } from '../available-memory.js';
import {
  type MemoryOptions,
  type MemoryPlan,
  type MosaicJob,
  mosaicParts,
  planMemory,
  type SmallerJob,
} from '../memory.js';
import { type KnownWindows, planTiles, type SourceReads, sourceReads, type TilePlan } from '../tile-plan.js';

/** Sizes of tiles that a message proposes. */
const TILES = [1024, 512, 256, 128, 64];

/** Sources that are read at once, and the most that are open. */
const CONCURRENT = 4;
const OPEN_SOURCES = 64;

/** A row that reaches a grid, and the pixels that it may touch. */
export interface PlacedRow extends Pick<PlacedSource, 'window'> {
  readonly row: PlacedSource['source']['row'];
}

/** A mosaic whose files were opened. */
export interface MosaicJobOptions extends MemoryOptions {
  readonly name: string;
  readonly tile: number;
  readonly method: MosaicMethod;
  readonly reduced: ReducedLayers;
  readonly valueBytes: number;
  /** Bytes of a value before it is written. */
  readonly floatBytes: number;
  /** Whether rows of tiles are written at once, as of a COG, or each tile by itself. */
  readonly wholeRows: boolean;
  readonly masked: boolean;
}

/** The reads of all sources, and the memory of a job. */
export interface MosaicReads {
  readonly memory: MemoryPlan;
  /** Bytes of decoded pixels that are read, at least. */
  readonly readBytes: number;
}

/** Tiles of a grid, row by row. */
export function tilesOf(grid: GeoBox, tile: number): PixelWindow[] {
  return [...alignedTiles(wholeWindow(grid), tile)];
}

/** The rows that may touch a tile, in their order. */
export function rowsOfTile(rows: readonly PlacedRow[], tile: PixelWindow): PlacedRow[] {
  return rows.filter(({ window }) => intersectWindows(window, tile) !== null);
}

/**
 * Opens every file once, to see what is read of it.
 * @throws {TerrachipError} TOO_LARGE for a job that does not fit into `memory`
 */
export async function planReads(
  plan: LoadPlan,
  rows: readonly PlacedRow[],
  options: MosaicJobOptions,
  signal?: AbortSignal,
): Promise<MosaicReads> {
  const { backend } = plan.context;
  const memory = options.memory ?? (await availableMemory());
  const { reads, tiles } = await readsOf(plan, options.tile, signal);
  const partsOf = (tile: number, of: TilePlan) =>
    mosaicParts(jobOf(plan, rows, { ...options, tile }, backend.info), of);
  const planned = (smaller: readonly SmallerJob[]) =>
    planMemory(options.name, partsOf(options.tile, tiles), tiles, { ...options, memory }, smaller);
  const readBytes = reads.reduce((sum, each) => sum + bytesOf(each), 0);
  try {
    return { memory: planned([]), readBytes };
  } catch (error) {
    if (!isTerrachipError(error, 'TOO_LARGE')) throw error;
    const smaller: SmallerJob[] = [];
    for (const tile of TILES.filter((size) => size < options.tile)) {
      const parts = partsOf(tile, (await readsOf(plan, tile, signal)).tiles);
      smaller.push({ remedy: `give \`tile\` ${tile}`, parts });
    }
    return { memory: planned(smaller), readBytes };
  }
}

/** The reads of all sources with tiles of a size, in their order. */
async function readsOf(
  plan: LoadPlan,
  tile: number,
  signal?: AbortSignal,
): Promise<{ reads: SourceReads[]; tiles: TilePlan }> {
  const { grid, byBand } = plan.context;
  const strips = unitRows(grid.height, tile);
  const known: KnownWindows = new Map();
  const bySource: SourceReads[][] = [];
  for (const { source } of plan.sources) {
    signal?.throwIfAborted();
    await plan.keepOpen([source]);
    bySource.push(sourceReads(await source.warped(signal), strips, known));
  }
  const reads = byBand ? inOrderOfBands(bySource) : bySource.flat();
  return { reads, tiles: planTiles(reads) };
}

function jobOf(
  plan: LoadPlan,
  rows: readonly PlacedRow[],
  { tile, method, reduced, valueBytes, floatBytes, wholeRows, masked }: MosaicJobOptions,
  backend: MosaicJob['backend'],
): MosaicJob {
  const { grid } = plan.context;
  const [width, height] = [Math.min(tile, grid.width), Math.min(tile, grid.height)];
  const most = Math.max(0, ...tilesOf(grid, tile).map((window) => rowsOfTile(rows, window).length));
  const planes = planesOf(plan, method, most, reduced);
  const [strip] = gridStrips({ width, height }, planes);
  return {
    tilePixels: width * height,
    heldPixels: height * (wholeRows ? grid.width : width),
    layers: reduced.layers.length + (reduced.count ? 1 : 0),
    planeValues: planes * strip.end * width,
    sources: Math.min(OPEN_SOURCES, most),
    concurrent: Math.min(CONCURRENT, most),
    masked,
    valueBytes,
    floatBytes,
    backend,
  };
}

/** Reads of each band from all sources before the next band: a median needs all sources at once. */
function inOrderOfBands(bySource: readonly SourceReads[][]): SourceReads[] {
  const bands = Math.max(0, ...bySource.map(({ length }) => length));
  return Array.from({ length: bands }, (_, band) => bySource.flatMap((reads) => reads[band] ?? [])).flat();
}

function bytesOf({ strips, pixelBytes }: SourceReads): number {
  return strips.flat().reduce((sum, { width, height }) => sum + width * height * pixelBytes, 0);
}
