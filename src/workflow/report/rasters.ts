/** The rasters of a map on the grid of the report's page, by nearest neighbour: a click shows values of the file. */
import { join } from 'node:path';
import { Crs, createTransform, GeoBox, suggestGrid, transformBounds } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import { HALF_WORLD } from '../../raster/map-tiles.js';
import { openRaster, type Raster, readWhole, WarpedRaster } from '../../raster/node/index.js';
import { CLASS_NODATA } from '../classes.js';
import type { MapFolder } from '../map-folder.js';
import { DEFAULT_PERCENTILES } from '../picture/appearance.js';
import { toHex } from '../picture/canvas.js';
import { colourAt, percentileStretch } from '../picture/colours.js';
import type { LonLatBounds, ReportRaster } from './document.js';
import { packPlanes } from './pack.js';

/** Longest side of values, and of pictures, in pixels. */
export const MOST_VALUES = 2048;
export const MOST_PICTURE = 1024;

/** Most layers of a map that are shown. */
const MOST_LAYERS = 8;

const OPACITY = 0.85;

/** Of the first class, so that the pictures below it stay visible. */
const BACKGROUND_OPACITY = 0.35;

/**
 * The grid of the page for a map: in EPSG:3857, with about the map's own pixels as far as `most` allows. For a map across
 * the antimeridian, it continues beyond 180°.
 */
export function pageGrid(map: GeoBox, most: number): GeoBox {
  const crs = Crs.fromEpsg(3857);
  const [west, south, east, north] = transformBounds(map.bounds, map.crs, Crs.wgs84);
  const crosses = (west < -180 || east > 180) && east - west < 360;
  const whole = crosses ? null : suggestGrid(map, crs);
  const { forward } = createTransform(Crs.wgs84, crs);
  const ends = [south, north].map((latitude) => forward(0, latitude)[1]);
  const bounds = whole?.bounds ?? [metresOf(west), ends[0], metresOf(east), ends[1]];
  const [x0, y0, x1, y1] = bounds.map((value, k) =>
    crosses && k % 2 === 0 ? value : Math.max(-HALF_WORLD, Math.min(HALF_WORLD, value)),
  );
  // As many pixels along the diagonal as the map has.
  const size = Math.hypot(x1 - x0, y1 - y0) / Math.hypot(map.width, map.height);
  const sides = whole === null ? [(x1 - x0) / size, (y1 - y0) / size] : [whole.width, whole.height];
  const scale = Math.min(1, most / Math.max(...sides));
  const [width, height] = sides.map((side) => Math.max(1, Math.round(side * scale)));
  return GeoBox.fromSize([x0, y0, x1, y1], crs, width, height);
}

function metresOf(longitude: number): number {
  return (longitude / 180) * HALF_WORLD;
}

/** West, south, east and north of a grid of the page; east is above 180 where it crosses the antimeridian. */
export function lonLatOf({ bounds: [x0, y0, x1, y1], crs }: GeoBox): LonLatBounds {
  const { forward } = createTransform(crs, Crs.wgs84);
  const degreesOf = (metres: number): number => (metres / HALF_WORLD) * 180;
  return [degreesOf(x0), forward(0, y0)[1], degreesOf(x1), forward(0, y1)[1]];
}

/** The bands of a raster on a grid by nearest neighbour, one after the other; NaN for no data. */
async function* nearestBands(
  raster: Raster,
  bands: readonly number[],
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): AsyncGenerator<Float32Array> {
  const backend = new CpuBackend();
  try {
    for (const band of bands) {
      const warped = new WarpedRaster(backend, raster, { geobox, resampling: 'nearest', bands: [band] });
      const values = new Float32Array(geobox.pixelCount);
      await readWhole(backend, warped, [values], { signal });
      yield values;
    }
  } finally {
    backend.dispose();
  }
}

/** The rasters of a map, the classes first. @returns also what was left out, a sentence each */
export async function reportRasters(
  folder: MapFolder,
  geobox: GeoBox,
  signal?: AbortSignal,
): Promise<{ rasters: ReportRaster[]; notes: string[] }> {
  if (folder.values.length > 0) return valueRasters(folder, geobox, signal);
  const rasters = await classRasters(folder, geobox, signal);
  const { classes, multilabel } = folder;
  // For two classes that exclude each other, one probability gives both.
  const shown = classes.length === 2 && !multilabel ? [1] : classes.map((_, k) => k).slice(0, MOST_LAYERS);
  await using file = await openRaster(join(folder.path, 'probability.tif'), { signal });
  let k = 0;
  for await (const values of nearestBands(
    file,
    shown.map((band) => band + 1),
    geobox,
    signal,
  )) {
    const { name, colour } = classes[shown[k++]];
    rasters.push({
      title: `Probability of ${name}`,
      pixels: packPlanes([Uint16Array.from(values, inTenThousandths)], geobox.width, geobox.height),
      scale: 1 / TEN_THOUSAND,
      nodata: NO_PROBABILITY,
      style: {
        kind: 'ramp',
        label: `Probability of ${name}`,
        colours: ['#ffffff', colour],
        low: 0,
        high: 1,
        digits: 4,
      },
      isVisible: false,
      opacity: 1,
    });
  }
  const left = classes.length - shown.length;
  const isShort = left > 0 && shown.length === MOST_LAYERS;
  return {
    rasters,
    notes: isShort
      ? [`Of ${classes.length} classes, the probabilities of the first ${MOST_LAYERS} are shown.`]
      : [],
  };
}

const TEN_THOUSAND = 10_000;
const NO_PROBABILITY = 65_535;

function inTenThousandths(probability: number): number {
  return Number.isNaN(probability) ? NO_PROBABILITY : Math.round(probability * TEN_THOUSAND);
}

async function classRasters(
  { path, classes, multilabel }: MapFolder,
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): Promise<ReportRaster[]> {
  await using file = await openRaster(join(path, 'classes.tif'), { signal });
  const bands = multilabel ? classes.map((_, k) => k + 1).slice(0, MOST_LAYERS) : [1];
  const rasters: ReportRaster[] = [];
  for await (const values of nearestBands(file, bands, geobox, signal)) {
    const own = classes[rasters.length];
    rasters.push({
      title: multilabel ? own.name : 'Map',
      pixels: packPlanes([Uint8Array.from(values, orNodata)], geobox.width, geobox.height),
      scale: 1,
      nodata: CLASS_NODATA,
      style: {
        kind: 'classes',
        classes: multilabel
          ? [
              { value: 0, label: 'no', colour: null },
              { value: 1, label: 'yes', colour: own.colour },
            ]
          : classes.map(({ name, colour }, value) => ({
              value,
              label: name,
              colour,
              ...(value === 0 ? { opacity: BACKGROUND_OPACITY } : {}),
            })),
      },
      isVisible: rasters.length === 0,
      opacity: OPACITY,
    });
  }
  return rasters;
}

function orNodata(value: number): number {
  return Number.isNaN(value) ? CLASS_NODATA : value;
}

/** Steps of a colour map in the page. */
const RAMP_STEPS = 16;

async function valueRasters(
  { path, values: quantities }: MapFolder,
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): Promise<{ rasters: ReportRaster[]; notes: string[] }> {
  await using file = await openRaster(join(path, 'values.tif'), { signal });
  const shown = quantities.slice(0, MOST_LAYERS);
  const rasters: ReportRaster[] = [];
  const bands = shown.map((_, k) => k + 1);
  for await (const plane of nearestBands(file, bands, geobox, signal)) {
    const { name, units = '' } = shown[rasters.length];
    const label = units === '' ? name : `${name} (${units})`;
    const [low, high] = percentileStretch([plane], DEFAULT_PERCENTILES);
    const digits = Math.max(0, Math.min(8, 3 - Math.floor(Math.log10(high - low))));
    const colours = Array.from({ length: RAMP_STEPS }, (_, k) =>
      toHex(colourAt('viridis', k / (RAMP_STEPS - 1))),
    );
    rasters.push({
      title: name,
      pixels: packPlanes([plane], geobox.width, geobox.height),
      scale: 1,
      nodata: null,
      style: { kind: 'ramp', label, colours, low, high, digits },
      isVisible: rasters.length === 0,
      opacity: OPACITY,
    });
  }
  const isShort = quantities.length > shown.length;
  return {
    rasters,
    notes: isShort ? [`Of ${quantities.length} quantities, the first ${MOST_LAYERS} are shown.`] : [],
  };
}
