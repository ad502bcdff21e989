/**
 * CLC+ Backbone, the land cover of Europe in 10 m pixels: its classes, and pixels from the Web Coverage Service of the
 * European Environment Agency.
 */
import { invalidInput, invalidOption, requireChoice, tooLarge } from '../errors.js';
import { Affine, type Bounds, GeoBox } from '../geo/index.js';
import { isTiff } from '../io/bytes.js';
import { MemorySource, type OpenOptions, requestBody } from '../io/index.js';
import { type OperationOptions, reportProgress } from '../progress.js';
import { GeoTiffRaster, readPixels } from '../raster/index.js';

/** A class of land cover. */
export interface LandCoverClass {
  /** The value of its pixels. */
  readonly value: number;
  readonly name: string;
  /** `#rrggbb`. */
  readonly colour: string;
}

/**
 * The ten classes of CLC+ Backbone that training labels have. Names: CLCplus Backbone 2023 Product User Manual, table 2
 * (https://library.land.copernicus.eu/products/CLCplus_Backbone_2023_PUM_v1.html). Colours: the palette that the product
 * is delivered with, CLMS_CLCPLUS_RAS_S2023_R10m_V01_R00.qml. The product also has 11, snow and ice, and 253, a coastal sea
 * strip.
 */
export const CLC_PLUS_CLASSES: readonly LandCoverClass[] = [
  { value: 1, name: 'Sealed', colour: '#ff0000' },
  { value: 2, name: 'Woody needle leaved trees', colour: '#228b22' },
  { value: 3, name: 'Woody broadleaved deciduous trees', colour: '#80ff00' },
  { value: 4, name: 'Woody broadleaved evergreen trees', colour: '#00ff08' },
  { value: 5, name: 'Low-growing woody plants', colour: '#804000' },
  { value: 6, name: 'Permanent herbaceous', colour: '#ccf24d' },
  { value: 7, name: 'Periodically herbaceous', colour: '#ffff80' },
  { value: 8, name: 'Lichens and mosses', colour: '#ff80ff' },
  { value: 9, name: 'Non and sparsely vegetated', colour: '#bfbfbf' },
  { value: 10, name: 'Water', colour: '#0080ff' },
];

/** The years of the service. */
export const CLC_PLUS_YEARS = [2018, 2021] as const;

/** Side of a pixel in metres; edges are at multiples of it. */
const PIXEL = 10;

/** Outside the product's area, and without data. */
const NO_CLASS = [254, 255];

/** Pixels per side of a request; image services of ArcGIS return 4100 by default. */
const MOST_SIDE = 2000;

/** Limit on pixels of a result. */
const MOST_PIXELS = 500_000_000;

/** Options: which pixels, from which service. */
export interface ClcPlusOptions extends OpenOptions, OperationOptions {
  /** x0, y0, x1, y1 in EPSG:3035, at multiples of 10 m. */
  readonly bounds: Bounds;
  /** 2018 or 2021; from another server, any year that it has. */
  readonly year: number;
  /** The URL of a Web Coverage Service 2.0.1 whose coverage has the pixels of CLC+ Backbone. Default: the agency's. */
  readonly endpoint?: string;
  /** The name of the coverage (default `Coverage1`, as in image services of ArcGIS). */
  readonly coverage?: string;
  /** Pixels per side of a request (default 2000). */
  readonly mostSide?: number;
}

/** Land cover on a grid. */
export interface ClcPlusLabel {
  /** One class per pixel in C order; 0 without a class (254 and 255 in the product). */
  readonly values: Uint8Array;
  /** In EPSG:3035, with pixels of 10 m. */
  readonly geobox: GeoBox;
  /** The number of pixels of each value. */
  readonly counts: Readonly<Record<number, number>>;
}

/** The URL of the agency's Web Coverage Service for a year. */
export function clcPlusEndpoint(year: number): string {
  requireChoice('year', year, CLC_PLUS_YEARS as readonly number[]);
  const service = `CLC_plus/CLMS_CLCplus_RASTER_${year}_010m_eu/ImageServer/WCSServer`;
  return `https://copernicus.discomap.eea.europa.eu/arcgis/services/${service}`;
}

/**
 * The URL of a GetCoverage request (OGC 09-147r3) for whole, unscaled pixels in the coverage's own CRS. It requests the
 * nearest pixel, since classes have no mean.
 */
export function coverageUrl(endpoint: string, coverage: string, [x0, y0, x1, y1]: Bounds): string {
  const url = new URL(endpoint);
  const query = [
    ['SERVICE', 'WCS'],
    ['VERSION', '2.0.1'],
    ['REQUEST', 'GetCoverage'],
    ['COVERAGEID', coverage],
    ['FORMAT', 'image/tiff'],
    ['SUBSET', `x(${x0},${x1})`],
    ['SUBSET', `y(${y0},${y1})`],
    ['INTERPOLATION', 'http://www.opengis.net/def/interpolation/OGC/1/nearest-neighbor'],
  ];
  for (const [name, value] of query) url.searchParams.append(name, value);
  return url.href;
}

/**
 * Reads CLC+ Backbone from a Web Coverage Service, in tiles if the grid is larger than one request allows. Each response
 * must have exactly the requested pixels.
 * @throws {TerrachipError} INVALID_OPTION for bounds that are not on pixel edges or an unavailable year; TOO_LARGE above 500
 * million pixels; INVALID_INPUT for any other response, with the server's message; NETWORK
 */
export async function readClcPlus(options: ClcPlusOptions): Promise<ClcPlusLabel> {
  const { bounds, year, coverage = 'Coverage1', mostSide = MOST_SIDE, onProgress, ...open } = options;
  const endpoint = options.endpoint ?? clcPlusEndpoint(year);
  const geobox = gridOf(bounds);
  const { width, height } = geobox;
  const values = new Uint8Array(width * height);
  const columns = Math.ceil(width / mostSide);
  const total = columns * Math.ceil(height / mostSide);
  for (let tile = 0; tile < total; tile++) {
    open.signal?.throwIfAborted();
    const [x, y] = [(tile % columns) * mostSide, Math.floor(tile / columns) * mostSide];
    const window = { x, y, width: Math.min(mostSide, width - x), height: Math.min(mostSide, height - y) };
    const plane = await readTile(endpoint, coverage, geobox.window(x, y, window.width, window.height), open);
    for (let row = 0; row < window.height; row++) {
      values.set(plane.subarray(row * window.width, (row + 1) * window.width), (y + row) * width + x);
    }
    reportProgress({ onProgress }, 'read land cover', tile + 1, total, 'tiles');
  }
  return { values, geobox, counts: withoutNoClass(values) };
}

function gridOf(bounds: Bounds): GeoBox {
  const [x0, y0, x1, y1] = bounds;
  const isAligned = bounds.length === 4 && bounds.every((edge) => Number.isInteger(edge / PIXEL));
  if (!isAligned || x0 >= x1 || y0 >= y1) {
    throw invalidOption(
      'bounds',
      `are [${bounds.join(', ')}]`,
      'give x0, y0, x1, y1 in EPSG:3035 as rising multiples of 10 m',
    );
  }
  const [width, height] = [(x1 - x0) / PIXEL, (y1 - y0) / PIXEL];
  if (width * height > MOST_PIXELS) {
    const fields = { size: width * height, limit: MOST_PIXELS };
    throw tooLarge(
      `${width} × ${height} pixels are more than ${MOST_PIXELS}`,
      'choose smaller bounds',
      fields,
    );
  }
  return new GeoBox(3035, new Affine(PIXEL, 0, x0, 0, -PIXEL, y1), width, height);
}

async function readTile(
  endpoint: string,
  coverage: string,
  grid: GeoBox,
  options: OpenOptions,
): Promise<Uint8Array> {
  const { body, url } = await requestBody(coverageUrl(endpoint, coverage, grid.bounds), {
    ...options,
    accept: 'image/tiff',
  });
  if (!isTiff(body)) {
    throw invalidInput(
      url,
      `answered with no GeoTIFF${exceptionIn(body)}`,
      'check the year, bounds and coverage',
    );
  }
  await using raster = await GeoTiffRaster.open(new MemorySource(body, url));
  const { geobox, bands } = raster;
  if (geobox === null || !isSame(geobox, grid) || bands.length !== 1 || bands[0].dtype !== 'uint8') {
    throw invalidInput(
      url,
      `answered with ${bands.length} bands of ${bands[0].dtype} on ${geobox === null ? 'no grid' : `the grid ${geobox}`} instead of one of uint8 on ${grid}`,
      'check that the coverage has the pixels of CLC+ Backbone',
    );
  }
  const window = { x: 0, y: 0, width: grid.width, height: grid.height };
  const { planes } = await readPixels(raster, { window, signal: options.signal });
  return Uint8Array.from(planes[0]);
}

/** Whether two grids have the same pixels, up to rounding of their edges. */
function isSame(a: GeoBox, b: GeoBox): boolean {
  const near = a.bounds.every((edge, k) => Math.abs(edge - b.bounds[k]) < PIXEL / 100);
  return a.crs.equals(b.crs) && a.width === b.width && a.height === b.height && near;
}

/** The message of an OGC service exception, as the end of a clause. */
function exceptionIn(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 65_536));
  const [, told = ''] = /<(?:\w+:)?ExceptionText>([^<]{1,300})/.exec(text) ?? [];
  const printable = told.replace(/[^\x20-\x7e\u00a0-\uffff]+/g, ' ').trim();
  return printable === '' ? '' : `, but with "${printable}"`;
}

/** Replaces values that are not classes by 0. @returns the number of pixels of each value */
function withoutNoClass(values: Uint8Array): Record<number, number> {
  const counts = new Uint32Array(256);
  for (let k = 0; k < values.length; k++) {
    if (NO_CLASS.includes(values[k])) values[k] = 0;
    counts[values[k]]++;
  }
  return Object.fromEntries(
    Array.from(counts, (count, value) => [value, count]).filter(([, count]) => count > 0),
  );
}
