/** The JSON documents that the server of a view sends to its page. */
import type { AffineTuple, Bounds } from '../../geo/index.js';
import type { Resampling } from '../../kernels/index.js';

/** A layer that can be opened. */
export interface LayerEntry {
  /** Part of addresses: letters, digits and `-`. */
  readonly id: string;
  readonly name: string;
  /** Whether it is shown at first. */
  readonly shown: boolean;
}

/** A class of a layer. */
export interface LayerClass {
  readonly value: number;
  /** Empty for none. */
  readonly name: string;
  /** `#1f78b4`. */
  readonly colour: string;
}

export interface LayerBand {
  /** From 1. */
  readonly index: number;
  readonly name: string;
  /** In expressions: the name if it can stand in one, else `b1`. */
  readonly variable: string;
  readonly dtype: string;
  /** The value of pixels without data as a text; empty for none. */
  readonly nodata: string;
  /** Empty for none. */
  readonly unit: string;
  /** Physical value = stored · scale + offset. */
  readonly scale: number;
  readonly offset: number;
}

/** How a layer is drawn at first. */
export interface LayerStyle {
  /** One band, or red, green and blue. */
  readonly bands: readonly number[];
  /** Values at the ends of the colours; null for percentiles of the view. */
  readonly stretch: readonly [low: number, high: number] | null;
  /** Whether power is drawn in decibels. */
  readonly decibels: boolean;
  readonly resampling: Resampling;
}

/** A layer that was opened. */
export interface LayerDocument {
  readonly id: string;
  readonly name: string;
  /** Longitude and latitude; an east above 180 lies beyond the antimeridian. */
  readonly bounds: Bounds;
  readonly crs: string;
  /** The six numbers of the transform from pixels to coordinates. */
  readonly transform: AffineTuple;
  readonly width: number;
  readonly height: number;
  readonly compression: string;
  readonly overviews: number;
  /** The kind of its mask, or empty. */
  readonly mask: string;
  readonly bands: readonly LayerBand[];
  /** Names and colours of its values; null where they are quantities. */
  readonly classes: readonly LayerClass[] | null;
  readonly style: LayerStyle;
  /** What was assumed of the file, a sentence each. */
  readonly assumed: readonly string[];
  /** Whether the page may read the file itself, by ranges. */
  readonly hasFile: boolean;
}

/** A row of a catalog. */
export interface RowEntry {
  readonly id: string;
  readonly collection: string;
  /** ISO 8601, or empty. */
  readonly datetime: string;
  /** Rings of polygons in longitude and latitude. */
  readonly footprint: readonly (readonly (readonly (readonly number[])[])[])[];
  /** The assets that can be opened. */
  readonly layers: readonly LayerEntry[];
}

/** What is viewed. */
export interface ViewDocument {
  readonly title: string;
  /** What the page says about it, such as the limits of a model; empty for nothing. */
  readonly note: string;
  readonly layers: readonly LayerEntry[];
  /** The rows of a catalog by date, newest first, and how many there are in all; null for none. */
  readonly catalog: { readonly rows: readonly RowEntry[]; readonly count: number } | null;
}

/** The answer to a question for the values under a position; null beside the raster. */
export type ValuesDocument = {
  readonly column: number;
  readonly row: number;
  readonly x: number;
  readonly y: number;
  /** Stored values, one a band; null for no data, and texts for values that JSON has no numbers for. */
  readonly values: readonly (number | string | null)[];
} | null;
