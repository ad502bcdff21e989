/** The data that the page of a report draws. It reads them from JSON in its HTML. */

/** West, south, east and north in degrees. */
export type LonLatBounds = readonly [west: number, south: number, east: number, north: number];

/** Planes of pixels, as `packPlanes` writes them. */
export interface PackedPlanes {
  readonly width: number;
  readonly height: number;
  readonly planes: number;
  readonly type: 'uint8' | 'uint16' | 'float32';
  /** Base64 of zlib: of each plane, byte by byte of the values, each byte less the one before. */
  readonly data: string;
}

/** How a value of a raster is drawn and named. */
export type RasterStyle =
  | {
      readonly kind: 'classes';
      /** Pixels of others are transparent. */
      readonly classes: readonly {
        readonly value: number;
        readonly label: string;
        readonly colour: string | null;
        /** From 0 to 1, in addition to the layer's own (default 1). */
        readonly opacity?: number;
      }[];
    }
  | {
      readonly kind: 'ramp';
      readonly label: string;
      /** At equal steps from `low` to `high`, `#rrggbb`. */
      readonly colours: readonly string[];
      readonly low: number;
      readonly high: number;
      /** Decimals of shown values. */
      readonly digits: number;
    };

/** A raster with values that are shown at a click. */
export interface ReportRaster {
  readonly title: string;
  readonly pixels: PackedPlanes;
  /** The value of a stored number of 1. */
  readonly scale: number;
  /** The stored number of pixels without data; null: NaN. */
  readonly nodata: number | null;
  readonly style: RasterStyle;
  readonly isVisible: boolean;
  readonly opacity: number;
}

/** A picture of an input in a phase: RGBA, or grey and alpha. */
export interface ReportPicture {
  readonly title: string;
  readonly pixels: PackedPlanes;
  /** The values of black and white; null for colours. */
  readonly bar: { readonly label: string; readonly low: string; readonly high: string } | null;
}

/** Outlines on the map. */
export interface ReportOutlines {
  readonly title: string;
  readonly colour: string;
  /** Closed rings: longitude and latitude alternate. */
  readonly rings: readonly (readonly number[])[];
  readonly isVisible: boolean;
}

export interface ReportDocument {
  /** The corners of all rasters and pictures. */
  readonly bounds: LonLatBounds;
  /** The same in metres of EPSG:3857: x0, y0, x1, y1. */
  readonly mercator: readonly [number, number, number, number];
  /** In the order of the list, the uppermost first. */
  readonly rasters: readonly ReportRaster[];
  readonly pictures: readonly ReportPicture[];
  /** The pictures on the two sides of the line at first; null for fewer than two. */
  readonly swipe: readonly [left: number, right: number] | null;
  readonly outlines: readonly ReportOutlines[];
  readonly basemap: { readonly url: string; readonly attribution: string } | null;
}

/** The element that holds the document. */
export const DOCUMENT_ID = 'report-document';
