/** The decoded blocks of sources that must be held, so that none is decoded twice. */
import { bytesPerElement } from '../geo/dtype.js';
import type { PixelWindow, RowRange } from '../geo/index.js';
import type { BlockGrid, WarpedRaster } from '../raster/node/index.js';

/** The windows of a source that are read for each strip, from top to bottom. */
type StripWindows = readonly (readonly PixelWindow[])[];

/** The reads of a source. */
export interface SourceReads {
  /** The blocks of each of its stored images. */
  readonly grids: readonly BlockGrid[];
  readonly strips: StripWindows;
  /** Bytes of a pixel with all bands that are read. */
  readonly pixelBytes: number;
}

/** The blocks that a job decodes. */
export interface TilePlan {
  /** Blocks under the windows. Those that a file lacks, whose pixels are nodata, are not decoded. */
  readonly blocks: number;
  /** Bytes of decoded blocks that must be held so that none is decoded twice. */
  readonly cacheBytes: number;
  /** Bytes of the largest block. */
  readonly largestBytes: number;
  /** Bytes of the values of the largest window. */
  readonly windowBytes: number;
  /** The most blocks that are decoded again with a smaller cache. */
  again(cacheBytes: number): number;
}

/** Windows of sources that were computed before. */
export type KnownWindows = Map<string, StripWindows>;

/**
 * The windows that warped rasters read for strips of their grid; of sources whose blocks are not kept, those of the strip in
 * the middle.
 * @param known shared by calls for one grid and its strips
 */
export function sourceReads(
  warped: readonly WarpedRaster[],
  strips: readonly RowRange[],
  known: KnownWindows = new Map(),
): SourceReads[] {
  return warped.map((source) => {
    const grids = source.blockGrids;
    const asked = grids.length > 0 ? strips : strips.slice(strips.length >> 1).slice(0, 1);
    const key = `${asked.length} ${source.windowsKey}`;
    const windows = known.get(key) ?? asked.map((rows) => source.sourceWindows(rows));
    known.set(key, windows);
    const [band] = source.raster.bands;
    return {
      grids,
      strips: windows,
      pixelBytes: source.bandCount * bytesPerElement(band.dtype),
    };
  });
}

/**
 * The blocks under strips, of sources that are read one after the other for each strip. Between the last use of a block in
 * one strip and its first in the next lie at most the blocks of its own source under both strips, those of later sources
 * under the first strip, and those of earlier sources under the second: a cache of these keeps it.
 * @param ahead whether earlier sources may read their next strip meanwhile, as in `readStrips` (default false)
 */
export function planTiles(sources: readonly SourceReads[], ahead = false): TilePlan {
  let [blocks, largestBytes, windowBytes, cacheBytes] = [0, 0, 0, 0];
  const known = new Map<StripWindows, Map<string, Step[]>>();
  const bySource = sources.map(({ grids, strips, pixelBytes }) => {
    windowBytes = Math.max(windowBytes, pixelBytes * largestWindow(strips));
    const steps = known.get(strips) ?? new Map<string, Step[]>();
    known.set(strips, steps);
    return grids.map((grid) => {
      const size = `${grid.width} ${grid.height}`;
      const taken = steps.get(size) ?? stepsOf(grid, strips);
      steps.set(size, taken);
      largestBytes = Math.max(largestBytes, grid.bytes);
      return taken.map(({ above, fresh, shared }) => {
        blocks += fresh;
        const under = fresh + shared;
        return {
          above: above * grid.bytes,
          under: under * grid.bytes,
          both: (fresh + above) * grid.bytes,
          shared,
        };
      });
    });
  });
  /** The blocks of a source under a strip and the one above that must be held. */
  const needs: { readonly bytes: number; readonly shared: number }[] = [];
  const count = Math.max(0, ...sources.map(({ strips }) => strips.length));
  for (let k = 0; k < count; k++) {
    const under = bySource.map((grids) => grids.flatMap((steps) => steps[k] ?? []));
    let others = sumOf(under.flat(), ({ above }) => above);
    for (const [source, own] of under.entries()) {
      others -= sumOf(own, ({ above }) => above);
      const bytes = others + sumOf(own, ({ both }) => both);
      needs.push({ bytes, shared: sumOf(own, ({ shared }) => shared) });
      cacheBytes = Math.max(cacheBytes, bytes);
      const next = ahead ? bySource[source].flatMap((steps) => steps[k + 1] ?? []) : [];
      others += next.length > 0 ? sumOf(next, ({ both }) => both) : sumOf(own, (step) => step.under);
    }
  }
  return {
    blocks,
    largestBytes,
    windowBytes,
    cacheBytes,
    again: (held) => sumOf(needs, ({ bytes, shared }) => (bytes > held ? shared : 0)),
  };
}

/** Bands of one or more files, whose layers are combined where several lie under a strip. */
export interface MosaicSources {
  readonly bandCount: number;
  readonly warped: readonly WarpedRaster[];
}

/**
 * The most values that the layers of a mosaic have at once: for each strip, the files that lie under it, if they are several.
 * @param reads of the files of all mosaics, in their order
 * @param width of the grid
 */
export function mosaicValues(
  mosaics: readonly MosaicSources[],
  reads: readonly SourceReads[],
  strips: readonly RowRange[],
  width: number,
): number {
  let [first, most] = [0, 0];
  for (const { bandCount, warped } of mosaics) {
    const own = reads.slice(first, first + warped.length);
    first += warped.length;
    for (const [k, { start, end }] of strips.entries()) {
      // For sources whose blocks are not kept, not all windows are known.
      const under = own.filter(
        ({ strips: windows }) => windows.length < strips.length || windows[k].length > 0,
      );
      if (under.length > 1) most = Math.max(most, under.length * bandCount * (end - start) * width);
    }
  }
  return most;
}

function sumOf<Item>(items: readonly Item[], numberOf: (item: Item) => number): number {
  return items.reduce((sum, item) => sum + numberOf(item), 0);
}

/** Pixels of the largest window. */
function largestWindow(strips: StripWindows): number {
  let most = 0;
  for (const { width, height } of strips.flat()) most = Math.max(most, width * height);
  return most;
}

/** Blocks of an image under a strip. */
interface Step {
  /** Under the strip above. */
  readonly above: number;
  /** Under this strip, and not under the one above. */
  readonly fresh: number;
  /** Under both. */
  readonly shared: number;
}

function stepsOf(grid: BlockGrid, strips: StripWindows): Step[] {
  let above = new Set<number>();
  return strips.map((windows) => {
    const under = blocksUnder(grid, windows);
    let shared = 0;
    for (const block of under) if (above.has(block)) shared++;
    const step = { above: above.size, fresh: under.size - shared, shared };
    above = under;
    return step;
  });
}

/** More block columns than any image has. */
const COLUMNS = 2 ** 26;

function blocksUnder({ width, height }: BlockGrid, windows: readonly PixelWindow[]): Set<number> {
  const blocks = new Set<number>();
  for (const window of windows) {
    const lastRow = Math.floor((window.y + window.height - 1) / height);
    const lastColumn = Math.floor((window.x + window.width - 1) / width);
    for (let row = Math.floor(window.y / height); row <= lastRow; row++) {
      for (let column = Math.floor(window.x / width); column <= lastColumn; column++) {
        blocks.add(row * COLUMNS + column);
      }
    }
  }
  return blocks;
}
