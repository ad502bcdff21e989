import type { GeoBox, PixelWindow, RowRange } from '../../geo/index.js';
import type { Units } from '../../raster/units.js';
import type { Resource } from '../../resource.js';

/** One time of a source. */
export interface SourceStep {
  /** The date in the rows of the result; null for a source without times. */
  readonly date: string | null;
}

/** Some rows of a window of a source's grid. */
export interface ZonalStrip {
  /** In rows of the grid. */
  readonly rows: RowRange;
  /** Values (row, x) of each layer, as wide as the window, NaN for no data. Overwritten later. */
  readonly values: readonly (Float32Array | Float64Array)[];
}

/** Where the pixels of zonal statistics come from. */
export interface ZonalSource extends Resource {
  /** For messages. */
  readonly name: string;
  readonly grid: GeoBox;
  /** Names of bands and expressions. */
  readonly layers: readonly string[];
  readonly steps: readonly SourceStep[];
  /** The units of layers that have one, by name. */
  readonly units: Readonly<Record<string, Units>>;
  /** All rows of a window, from top to bottom. */
  read(step: SourceStep, window: PixelWindow): AsyncIterable<ZonalStrip>;
}
