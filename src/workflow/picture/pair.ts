/** An image and its label side by side, with a legend of the classes. */
import { basename } from 'node:path';
import { CLC_PLUS_CLASSES, type LandCoverClass } from '../../archives/clc-plus.js';
import { invalidInput, invalidOption } from '../../errors.js';
import { GeoBox } from '../../geo/index.js';
import { requireOutput } from '../../io/node/inputs.js';
import type { OperationOptions } from '../../progress.js';
import { openRaster, type Raster } from '../../raster/node/index.js';
import { parseColour } from '../classes.js';
import { DEFAULT_PERCENTILES } from './appearance.js';
import { type Colour, type Image, WHITE, writePng } from './canvas.js';
import { paint, percentileStretch } from './colours.js';
import { checkPictureSize } from './raster-picture.js';
import { pictureGrid, pictureSize, pixelAspect, readReduced } from './reduce.js';
import { drawSheet, type LegendEntry } from './sheet.js';

/** How an image and its label are drawn. */
export interface PairOptions extends OperationOptions {
  /** The image: a raster of at least three bands. */
  readonly image: string;
  /** The label, of the same size: a `.npy` file or a raster of classes. */
  readonly label: string;
  /** The PNG to write. */
  readonly output: string;
  /** Red, green and blue (default 4 3 2, the order of Sentinel-2's bands). */
  readonly bands?: readonly number[];
  /** Default: the ten classes of CLC+ Backbone. */
  readonly classes?: readonly LandCoverClass[];
  /** Longer side of each in pixels (default 512). */
  readonly size?: number;
}

/** The picture that was drawn. */
export interface PairReport {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  /** The share of each class among all pixels, by its value. */
  readonly shares: Readonly<Record<number, number>>;
}

/** Pixels between the two. */
const GAP = 12;

const DEFAULT_SIZE = 512;

export async function drawPair(options: PairOptions): Promise<PairReport> {
  const { output, bands = [4, 3, 2], classes = CLC_PLUS_CLASSES, size = DEFAULT_SIZE, signal } = options;
  checkPictureSize(size);
  await requireOutput(output, { formats: ['PNG'], inputs: [options.image, options.label] });
  await using raster = await openRaster(options.image, { signal });
  await using label = await openRaster(options.label, { signal });
  requireBands(raster, bands);
  if (label.width !== raster.width || label.height !== raster.height) {
    throw invalidInput(
      label.name,
      `has ${label.width} × ${label.height} pixels, and its image ${raster.width} × ${raster.height}`,
      'give the label of this image',
    );
  }
  const reduced = pictureSize(raster.width, raster.height, size, pixelAspect(raster.geobox));
  const { planes } = await readReduced(raster, bands, reduced, signal);
  const { planes: labels } = await readReduced(label, [1], reduced, signal);
  const stretch = planes.map((plane) => percentileStretch([plane], DEFAULT_PERCENTILES));
  const [width, height] = reduced;
  const left: Image = { width, height, pixels: paint(planes, stretch, 'grey') };
  const right: Image = { width, height, pixels: paintClasses(labels[0], classes) };
  const shares = sharesOf(labels[0], classes);
  const sheet = drawSheet({
    title: basename(raster.name),
    subtitle: `bands ${bands.join(', ')} as red, green, blue · ${basename(label.name)}`,
    image: sideBySide(left, right),
    geobox: raster.geobox === null ? null : widened(pictureGrid(raster.geobox, width, height)),
    axes: false,
    legend: legendOf(classes, shares),
    colourBar: null,
    footer: `${raster.width} × ${raster.height} pixels${raster.crs === null ? '' : ` · ${raster.crs}`}`,
  });
  await writePng(output, sheet);
  return { output, width: sheet.width, height: sheet.height, shares };
}

function requireBands(raster: Raster, bands: readonly number[]): void {
  if (bands.length !== 3) {
    throw invalidOption('bands', `names ${bands.length} bands`, 'give three, for red, green and blue');
  }
  const missing = bands.find((band) => band > raster.bands.length);
  if (missing === undefined) return;
  throw invalidOption('bands', `names band ${missing} of ${raster.bands.length}`, 'choose among these');
}

/** Pixels without a class are transparent. */
function paintClasses(plane: Float32Array, classes: readonly LandCoverClass[]): Uint8Array {
  const colours = new Map<number, Colour>(classes.map(({ value, colour }) => [value, parseColour(colour)]));
  const pixels = new Uint8Array(4 * plane.length);
  for (const [i, value] of plane.entries()) {
    const colour = colours.get(value);
    if (colour !== undefined) pixels.set([...colour, 255], 4 * i);
  }
  return pixels;
}

function sharesOf(plane: Float32Array, classes: readonly LandCoverClass[]): Record<number, number> {
  const counts = new Map<number, number>();
  for (const value of plane) counts.set(value, (counts.get(value) ?? 0) + 1);
  return Object.fromEntries(classes.map(({ value }) => [value, (counts.get(value) ?? 0) / plane.length]));
}

function legendOf(
  classes: readonly LandCoverClass[],
  shares: Readonly<Record<number, number>>,
): LegendEntry[] {
  const entries = classes.map(
    ({ value, name, colour }): LegendEntry => ({
      label: `${value} ${name}`,
      detail: shares[value] > 0 ? `${(100 * shares[value]).toFixed(0)} %` : '',
      kind: 'fill',
      colour: parseColour(colour),
    }),
  );
  const isWhole = Object.values(shares).reduce((sum, share) => sum + share, 0) > 1 - 1e-9;
  return isWhole ? entries : [...entries, { label: 'no class', kind: 'hatch', colour: WHITE }];
}

function sideBySide(left: Image, right: Image): Image {
  const width = left.width + GAP + right.width;
  const pixels = new Uint8Array(4 * width * left.height).fill(255);
  for (let y = 0; y < left.height; y++) {
    const row = 4 * y * width;
    pixels.set(left.pixels.subarray(4 * y * left.width, 4 * (y + 1) * left.width), row);
    const at = row + 4 * (left.width + GAP);
    pixels.set(right.pixels.subarray(4 * y * right.width, 4 * (y + 1) * right.width), at);
  }
  return { width, height: left.height, pixels };
}

/** The grid of the image, as wide as the picture of both, for the scale bar. */
function widened({ crs, transform, width, height }: GeoBox): GeoBox {
  return new GeoBox(crs, transform, 2 * width + GAP, height);
}
