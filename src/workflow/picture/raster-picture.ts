/** Draws a raster as PNG, from the smallest overview that is large enough. */
import { basename } from 'node:path';
import { invalidOption } from '../../errors.js';
import { requireOutput } from '../../io/node/inputs.js';
import { INDICES, type IndexName } from '../../kernels/index.js';
import { counted, type OperationOptions, reportPlan } from '../../progress.js';
import { openRaster, type Raster } from '../../raster/node/index.js';
import type { Units } from '../../raster/units.js';
import type { ColourMapName, LegendName } from '../choices.js';
import { dateOf } from '../file-hints.js';
import { type Appearance, appearanceOf, DEFAULT_PERCENTILES, type Drawing, isIndex } from './appearance.js';
import { type DefaultBands, defaultBands, FALSE_COLOUR, findBands, TRUE_COLOUR } from './bands.js';
import { type Image, writePng } from './canvas.js';
import { cloudsOf } from './clouds.js';
import { pictureGrid, pictureSize, pixelAspect, readReduced } from './reduce.js';
import { drawSheet } from './sheet.js';

/** Bands, colours and size of a picture by `drawRaster`. */
export interface QuicklookOptions extends OperationOptions {
  /** The longer side of the raster in the picture, in pixels (default 1024). */
  size?: number;
  /**
   * One band for a colour map, or three for red, green and blue. Default: true colour where the bands' names or colour
   * interpretation say which they are; 1 2 3 of uint8 with three or more bands; else 1.
   */
  bands?: readonly number[];
  /**
   * Percentiles at the two ends of the colours, without no data, and without the clouds of a band named SCL or QA_PIXEL
   * (default 2 and 98; 8-bit red, green and blue stay as they are).
   */
  percentiles?: readonly [number, number];
  /** Bands by name: true colour, false colour (near infrared as red), or a normalised difference. */
  composite?: 'true-colour' | 'false-colour' | IndexName;
  /** Names of the bands in order (default: their descriptions). */
  bandNames?: readonly string[];
  /** Colour map of one band (default: grey; viridis for an index). */
  colourMap?: ColourMapName;
  /**
   * Units of the values: power is drawn in dB, `class` in a colour per value. Default: what the file says; bands named VV,
   * VH, HH or HV are taken for dB where most values are negative, else for power.
   */
  units?: Units;
  /** Names and colours of classes (default: those that the file's name points to, or its colour table). */
  legend?: LegendName;
  /** Written beside the bands and on the colour bar (default: the date of the file's metadata or name). */
  date?: string;
  /** Default: the file's name. */
  title?: string;
  /** Only the raster's pixels, with transparent nodata (default: a sheet with title, legend and scale bar). */
  plain?: boolean;
}

/** The picture that was drawn. */
export interface QuicklookReport {
  path: string;
  width: number;
  height: number;
  bands: number[];
  /** The values at the two ends of the colours, for each band or the index; null for classes. */
  stretch: [number, number][] | null;
  /** What was assumed of the file, a sentence each. `onProgress` receives each as a warning too. */
  assumed: string[];
}

export const MAX_PICTURE_SIZE = 8192;
export const DEFAULT_PICTURE_SIZE = 1024;

export async function drawRaster(
  path: string,
  target: string,
  options: QuicklookOptions,
): Promise<QuicklookReport> {
  const { size = DEFAULT_PICTURE_SIZE, bandNames, plain = false, signal } = options;
  checkPictureSize(size);
  checkPercentiles(options.percentiles ?? DEFAULT_PERCENTILES);
  await requireOutput(target, { formats: ['PNG'], inputs: [path] });
  await using raster = await openRaster(path, { signal });
  const chosen = chooseBands(raster, options);
  const bands = [...chosen.bands];
  const shown = { ...options, composite: options.composite ?? chosen.composite };
  const aspect = plain ? 1 : pixelAspect(raster.geobox);
  const reduced = pictureSize(raster.width, raster.height, size, aspect);
  reportPlan(options, 'quicklook', {
    reads: `${counted(bands.length, 'band')} of ${raster.width} × ${raster.height} pixels of ${raster.name}, from the smallest overview that has as many pixels as the picture`,
    writes: `${reduced[0]} × ${reduced[1]} pixels to ${target}`,
  });
  const { planes } = await readReduced(raster, bands, reduced, signal);
  const clouds = await cloudsOf(raster, reduced, bandNames, signal);
  const names = bands.map((band) => nameOf(raster, band, bandNames));
  const { composite, colourMap, percentiles, units, legend } = shown;
  const drawing = { raster, bands, names, planes, clouds, composite, colourMap, percentiles, units, legend };
  const appearance = await appearanceOf(drawing);
  const image = { width: reduced[0], height: reduced[1], pixels: appearance.pixels };
  const drawn = plain ? image : onSheet(drawing, image, appearance, shown);
  await writePng(target, drawn);
  const assumed = [chosen.assumed, ...appearance.assumed].filter((each) => each !== '');
  for (const each of assumed)
    options.onProgress?.({ type: 'warning', message: `${raster.name}: assumed that ${each}` });
  return {
    path: target,
    width: drawn.width,
    height: drawn.height,
    bands,
    stretch: appearance.stretch,
    assumed,
  };
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

/** Which bands are drawn. */
function chooseBands(raster: Raster, { bands, composite, bandNames }: QuicklookOptions): DefaultBands {
  const chosen = (numbers: readonly number[]): DefaultBands => ({ bands: numbers, assumed: '' });
  if (composite !== undefined) {
    if (bands !== undefined)
      throw invalidOption('bands', `cannot be combined with ${composite}`, 'leave one out');
    if (isIndex(composite)) return chosen(findBands(raster, INDICES[composite].bands, bandNames, composite));
    const names = composite === 'true-colour' ? TRUE_COLOUR : FALSE_COLOUR;
    return chosen(findBands(raster, names, bandNames, composite));
  }
  if (bands !== undefined && bands.length !== 1 && bands.length !== 3) {
    throw invalidOption('bands', `names ${bands.length} bands`, 'give one, or three for red, green and blue');
  }
  const missing = bands?.find((band) => band > raster.bands.length);
  if (missing !== undefined) {
    throw invalidOption('bands', `names band ${missing} of ${raster.bands.length}`, 'choose among these');
  }
  return bands === undefined ? defaultBands(raster, bandNames) : chosen(bands);
}

function nameOf(raster: Raster, band: number, names: readonly string[] | undefined): string {
  // Writers of arrays name each band "bands".
  const described = raster.bands[band - 1].description;
  const isShared =
    raster.bands.length > 1 && raster.bands.every(({ description }) => description === described);
  return names?.[band - 1] ?? (isShared ? null : described) ?? `band ${band}`;
}

/** The subtitle of the sheet. */
function describeBands({ names, composite }: Drawing): string {
  if (isIndex(composite)) {
    const [a, b] = names;
    return `${composite} = (${a} − ${b}) / (${a} + ${b}), ${INDICES[composite].source}`;
  }
  if (names.length === 1) return names[0];
  const prefix = composite === undefined ? '' : `${composite.replace('-', ' ')}: `;
  return `${prefix}${names.join(', ')} as red, green, blue`;
}

function onSheet(
  drawing: Drawing,
  image: Image,
  { legend, colourBar }: Appearance,
  { title, date = dateOf(drawing.raster) ?? '' }: QuicklookOptions,
): Image {
  const { raster } = drawing;
  const when = date === '' ? '' : ` · ${date}`;
  return drawSheet({
    title: title ?? basename(raster.name),
    subtitle: `${describeBands(drawing)}${when}`,
    image,
    geobox: raster.geobox === null ? null : pictureGrid(raster.geobox, image.width, image.height),
    axes: true,
    legend,
    colourBar: colourBar === null ? null : { ...colourBar, label: `${colourBar.label}${when}` },
    footer: `${raster.width} × ${raster.height} pixels${raster.crs === null ? '' : ` · ${raster.crs}`}`,
  });
}
