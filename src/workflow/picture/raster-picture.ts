/** Draws a raster as PNG, from the smallest overview that is large enough. */
import { basename } from 'node:path';
import { invalidOption } from '../../errors.js';
import { requireOutput } from '../../io/node/inputs.js';
import { isIndexName } from '../../kernels/expression/indices.js';
import { INDICES, type IndexName } from '../../kernels/index.js';
import { openRaster, type Raster } from '../../raster/node/index.js';
import type { ColourMapName } from '../choices.js';
import { computeIndex, FALSE_COLOUR, findBands, TRUE_COLOUR } from './bands.js';
import { type Colour, type Image, WHITE, writePng } from './canvas.js';
import { paint, percentileStretch } from './colours.js';
import { pictureGrid, pictureSize, type ReducedImage, readReduced } from './reduce.js';
import { type ColourBar, drawSheet, type LegendEntry } from './sheet.js';

/** Bands, colours and size of a picture by `drawRaster`. */
export interface QuicklookOptions {
  /** The longer side of the raster in the picture, in pixels (default 1024). */
  size?: number;
  /** One band for a colour map, or three for red, green and blue (default: 1; 1 2 3 of uint8 with three or more bands). */
  bands?: readonly number[];
  /** Percentiles at the two ends of the colours (default 2 and 98). */
  percentiles?: readonly [number, number];
  /** Bands by name: true colour, false colour (near infrared as red), or a normalised difference. */
  composite?: 'true-colour' | 'false-colour' | IndexName;
  /** Names of the bands in order (default: their descriptions). */
  bandNames?: readonly string[];
  /** Colour map of one band (default: grey; viridis for an index). */
  colourMap?: ColourMapName;
  /** Default: the file's name. */
  title?: string;
  /** Only the raster, with transparent nodata (default: a sheet with title, legend and scale bar). */
  plain?: boolean;
  signal?: AbortSignal;
}

/** The picture that was drawn. */
export interface QuicklookReport {
  path: string;
  width: number;
  height: number;
  bands: number[];
  /** The values at the two ends of the colours, for each band or the index; null for a palette. */
  stretch: [number, number][] | null;
}

export const MAX_PICTURE_SIZE = 8192;
export const DEFAULT_PICTURE_SIZE = 1024;
export const DEFAULT_PERCENTILES = [2, 98] as const;

export async function drawRaster(
  path: string,
  target: string,
  options: QuicklookOptions,
): Promise<QuicklookReport> {
  const { size = DEFAULT_PICTURE_SIZE, percentiles = DEFAULT_PERCENTILES, signal } = options;
  checkPictureSize(size);
  checkPercentiles(percentiles);
  await requireOutput(target, { formats: ['PNG'], inputs: [path] });
  await using raster = await openRaster(path, { signal });
  const bands = chooseBands(raster, options);
  const reduced = await readReduced(raster, bands, pictureSize(raster.width, raster.height, size), signal);
  const { pixels, stretch, legend, colourBar } = await render(raster, bands, reduced, options, percentiles);
  const image = { width: reduced.width, height: reduced.height, pixels };
  const drawn = options.plain === true ? image : onSheet(raster, image, bands, legend, colourBar, options);
  await writePng(target, drawn);
  return { path: target, width: drawn.width, height: drawn.height, bands, stretch };
}

export function checkPictureSize(size: number): void {
  if (!Number.isInteger(size) || size < 1 || size > MAX_PICTURE_SIZE) {
    const remedy = `give a whole number of pixels up to ${MAX_PICTURE_SIZE}`;
    throw invalidOption('size', `cannot be ${size}`, remedy);
  }
}

export function checkPercentiles([low, high]: readonly [number, number]): void {
  if (!(low >= 0 && low < high && high <= 100)) {
    const remedy = 'give two rising numbers from 0 to 100';
    throw invalidOption('percentiles', `cannot be ${low} and ${high}`, remedy);
  }
}

function isIndex(composite: QuicklookOptions['composite']): composite is IndexName {
  return composite !== undefined && isIndexName(composite);
}

function chooseBands(raster: Raster, { bands, composite, bandNames }: QuicklookOptions): number[] {
  if (composite !== undefined) {
    if (bands !== undefined)
      throw invalidOption('bands', `cannot be combined with ${composite}`, 'leave one out');
    if (isIndex(composite)) return findBands(raster, INDICES[composite].bands, bandNames, composite);
    const names = composite === 'true-colour' ? TRUE_COLOUR : FALSE_COLOUR;
    return findBands(raster, names, bandNames, composite);
  }
  if (bands !== undefined && bands.length !== 1 && bands.length !== 3) {
    throw invalidOption('bands', `names ${bands.length} bands`, 'give one, or three for red, green and blue');
  }
  const missing = bands?.find((band) => band > raster.bands.length);
  if (missing !== undefined) {
    throw invalidOption('bands', `names band ${missing} of ${raster.bands.length}`, 'choose among these');
  }
  if (bands !== undefined) return [...bands];
  return raster.bands.length >= 3 && raster.bands[0].dtype === 'uint8' ? [1, 2, 3] : [1];
}

interface Rendered {
  pixels: Uint8Array;
  stretch: [number, number][] | null;
  legend: LegendEntry[];
  colourBar: ColourBar | null;
}

async function render(
  raster: Raster,
  bands: readonly number[],
  { planes }: ReducedImage,
  options: QuicklookOptions,
  percentiles: readonly [number, number],
): Promise<Rendered> {
  const { composite, colourMap } = options;
  const { colourTable } = raster;
  if (colourTable !== null && bands.length === 1 && colourMap === undefined) {
    const { pixels, used } = paintPalette(planes[0], colourTable);
    const legend = used.map((value) => ({
      label: String(value),
      kind: 'fill' as const,
      colour: colourTable[value],
    }));
    return { pixels, stretch: null, legend: withNoData(legend, pixels), colourBar: null };
  }
  const shown = isIndex(composite) ? [await computeIndex(composite, planes)] : planes;
  const map = colourMap ?? (isIndex(composite) ? 'viridis' : 'grey');
  const stretch = shown.map((plane) => {
    const [low, high] = percentileStretch([plane], percentiles);
    // The middle of a diverging map is 0.
    const end = Math.max(Math.abs(low), Math.abs(high));
    return map === 'rdbu' ? ([-end, end] as [number, number]) : ([low, high] as [number, number]);
  });
  const pixels = paint(shown, stretch, map);
  const colourBar =
    shown.length === 1
      ? {
          label: isIndex(composite) ? composite : nameOf(raster, bands[0], options.bandNames),
          map,
          stretch: stretch[0],
        }
      : null;
  return { pixels, stretch, legend: withNoData([], pixels), colourBar };
}

/** Most classes of a legend. */
const MAX_LEGEND = 16;

function paintPalette(plane: Float32Array, table: readonly Colour[]): { pixels: Uint8Array; used: number[] } {
  const pixels = new Uint8Array(4 * plane.length);
  const used = new Set<number>();
  for (const [i, value] of plane.entries()) {
    const colour = table[value];
    if (colour === undefined) continue;
    pixels.set([...colour, 255], 4 * i);
    used.add(value);
  }
  return { pixels, used: [...used].sort((a, b) => a - b).slice(0, MAX_LEGEND) };
}

function withNoData(legend: LegendEntry[], pixels: Uint8Array): LegendEntry[] {
  const hasGaps = pixels.some((value, i) => i % 4 === 3 && value === 0);
  return hasGaps ? [...legend, { label: 'no data', kind: 'hatch', colour: WHITE }] : legend;
}

function nameOf(raster: Raster, band: number, names: readonly string[] | undefined): string {
  return names?.[band - 1] ?? raster.bands[band - 1].description ?? `band ${band}`;
}

/** The subtitle of the sheet. */
function describeBands(
  raster: Raster,
  bands: readonly number[],
  { composite, bandNames }: QuicklookOptions,
): string {
  const names = bands.map((band) => nameOf(raster, band, bandNames));
  if (isIndex(composite)) {
    const [a, b] = names;
    return `${composite} = (${a} − ${b}) / (${a} + ${b}), ${INDICES[composite].source}`;
  }
  if (bands.length === 1) return names[0];
  const prefix = composite === undefined ? '' : `${composite.replace('-', ' ')}: `;
  return `${prefix}${names.join(', ')} as red, green, blue`;
}

function onSheet(
  raster: Raster,
  image: Image,
  bands: readonly number[],
  legend: LegendEntry[],
  colourBar: ColourBar | null,
  options: QuicklookOptions,
): Image {
  return drawSheet({
    title: options.title ?? basename(raster.name),
    subtitle: describeBands(raster, bands, options),
    image,
    geobox: raster.geobox === null ? null : pictureGrid(raster.geobox, image.width, image.height),
    legend,
    colourBar,
    footer: `${raster.width} × ${raster.height} pixels${raster.crs === null ? '' : ` · ${raster.crs}`}`,
  });
}
