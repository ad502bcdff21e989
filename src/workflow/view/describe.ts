/** Describes an opened raster for the page: its bands, its classes, and how it is drawn at first. */
import { type Bounds, Crs, isFloat, transformBounds } from '../../geo/index.js';
import { GeoTiffRaster, type Raster, readPixels } from '../../raster/node/index.js';
import { physicalValues } from '../../raster/pixels.js';
import { polarisationOf, radarUnits } from '../file-hints.js';
import { defaultBands } from '../picture/bands.js';
import { categoryColour, distinctClasses, LEGENDS, legendOfFile } from '../picture/legends.js';
import { pictureSize, readReduced } from '../picture/reduce.js';
import { requireGeobox } from '../target-grid.js';
import type { LayerBand, LayerClass, LayerDocument, LayerStyle } from './documents.js';
import type { LayerSource } from './subject.js';

/** Longer side of the sample of pixels that decides classes and units. */
const SAMPLE_SIZE = 256;

/** A raster whose reduced image has more pixels is sampled at its centre. */
const MOST_SAMPLED = 2 ** 24;

/** Most distinct values of a band that are counted. */
const MOST_VALUES = 256;

/** Longitudes beyond which a web map shows nothing. */
const MERCATOR_LATITUDE = 85.06;

export async function describeLayer(
  source: LayerSource,
  raster: Raster,
  signal?: AbortSignal,
): Promise<LayerDocument> {
  const { id, name, path } = source;
  const { bands: chosen, assumed: ofBands } =
    source.firstBand === undefined
      ? defaultBands(raster, source.bandNames ?? undefined)
      : { bands: [source.firstBand], assumed: '' };
  const assumed = ofBands === '' ? [] : [ofBands];
  const sample = await sampleOf(raster, chosen[0], signal);
  const classes =
    chosen.length > 1 ? null : (source.classes ?? classesOf(raster, chosen[0], sample, assumed));
  const named = bandsOf(raster, source.bandNames);
  const radar = classes === null ? radarOf(raster, named[chosen[0] - 1].name, sample, assumed) : null;
  const bands = radar === 'dB' ? named.map((band) => withDecibels(raster, band)) : named;
  const style: LayerStyle = {
    bands: chosen,
    stretch: chosen.length > 1 ? stretchOfColours(raster, chosen) : null,
    decibels: radar === 'linear_power',
    resampling: classes === null ? 'bilinear' : 'nearest',
  };
  const { width, height, compression } = raster;
  return {
    id,
    name,
    bounds: boundsOf(raster),
    crs: String(raster.crs),
    transform: requireGeobox(raster).transform.toTuple(),
    width,
    height,
    compression,
    overviews: raster.overviews.length,
    mask: raster.mask ?? '',
    bands,
    classes,
    style,
    assumed,
    hasFile:
      raster instanceof GeoTiffRaster && !/^[a-z][a-z0-9+.-]*:\/\//i.test(path) && path === raster.name,
  };
}

/** Longitude and latitude, within the web map; the whole map where the bounds cannot be transformed. */
function boundsOf(raster: Raster): Bounds {
  const { bounds, crs } = requireGeobox(raster);
  const limit = (latitude: number): number =>
    Math.max(-MERCATOR_LATITUDE, Math.min(MERCATOR_LATITUDE, latitude));
  try {
    const [west, south, east, north] = transformBounds(bounds, crs, Crs.wgs84);
    const beyond = west > east ? 360 : 0;
    return [west, limit(south), east + beyond, limit(north)];
  } catch {
    return [-180, -MERCATOR_LATITUDE, 180, MERCATOR_LATITUDE];
  }
}

/** Physical values of a band over the raster, or in the middle of one that would take long to read; NaN for no data. */
async function sampleOf(raster: Raster, band: number, signal?: AbortSignal): Promise<Float32Array> {
  const size = pictureSize(raster.width, raster.height, SAMPLE_SIZE);
  const sizes = [[raster.width, raster.height] as const, ...raster.overviews];
  const [fullWidth, fullHeight] = sizes.findLast(([w, h]) => w >= size[0] && h >= size[1]) ?? sizes[0];
  if (fullWidth * fullHeight <= MOST_SAMPLED) {
    return (await readReduced(raster, [band], size, signal)).planes[0];
  }
  const [width, height] = [Math.min(SAMPLE_SIZE, raster.width), Math.min(SAMPLE_SIZE, raster.height)];
  const window = {
    x: Math.floor((raster.width - width) / 2),
    y: Math.floor((raster.height - height) / 2),
    width,
    height,
  };
  const pixels = await readPixels(raster, { window, bands: [band], signal });
  return Float32Array.from(physicalValues(pixels, 0, raster.bands[band - 1]));
}

function bandsOf(raster: Raster, names: readonly string[] | null): LayerBand[] {
  const taken = new Set<string>();
  return raster.bands.map(({ index, description, storedType, nodata, scale, offset, metadata }) => {
    const name = names?.[index - 1] ?? description ?? `band ${index}`;
    const isVariable = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !RESERVED.test(name) && !taken.has(name);
    const variable = isVariable ? name : `b${index}`;
    taken.add(variable);
    const unit = metadata['']?.UNITTYPE ?? '';
    const noData = nodata === null ? '' : String(nodata);
    return { index, name, variable, dtype: storedType, nodata: noData, unit, scale, offset };
  });
}

/** Words of expressions, and the names that bands without one get. */
const RESERVED = /^(abs|sqrt|log|log10|exp|floor|valid|min|max|where|bits|and|or|not|nan|b\d+)$/;

/** Null for a band of quantities. */
function classesOf(
  raster: Raster,
  band: number,
  sample: Float32Array,
  assumed: string[],
): readonly LayerClass[] | null {
  const table = raster.colourTable;
  if (table !== null) {
    return table.map((colour, value) => ({ value, name: '', colour: hex(colour) }));
  }
  if (isFloat(raster.bands[band - 1].dtype)) return null;
  const values = distinctClasses(sample, MOST_VALUES);
  const legend = values === null ? null : legendOfFile(raster.name, values);
  if (legend !== null) {
    assumed.push(`its classes are those of ${LEGENDS[legend].title}, as its name says`);
    return LEGENDS[legend].classes;
  }
  const few = distinctClasses(sample);
  if (few === null || few.length === 0) return null;
  assumed.push(`its ${few.length} values are classes`);
  return few.map((value) => ({ value, name: '', colour: hex(categoryColour(value)) }));
}

function hex(colour: readonly number[]): string {
  return `#${colour.map((level) => level.toString(16).padStart(2, '0')).join('')}`;
}

/** The likely units of a radar band's values; null for another band. */
function radarOf(
  raster: Raster,
  name: string,
  sample: Float32Array,
  assumed: string[],
): 'linear_power' | 'dB' | null {
  const polarisation = polarisationOf(raster, name);
  const units = polarisation === null ? null : radarUnits(sample);
  if (units !== null)
    assumed.push(`its ${polarisation} is ${units === 'dB' ? 'decibels' : 'power, drawn in decibels'}`);
  return units;
}

function withDecibels(raster: Raster, band: LayerBand): LayerBand {
  return band.unit === '' && polarisationOf(raster, band.name) !== null ? { ...band, unit: 'dB' } : band;
}

/** 8-bit colours are drawn as they are, others by percentiles of the view. */
function stretchOfColours(raster: Raster, bands: readonly number[]): LayerStyle['stretch'] {
  const infos = bands.map((band) => raster.bands[band - 1]);
  const [{ scale, offset }] = infos;
  const isAlike = infos.every(
    (info) => info.storedType === 'uint8' && info.scale === scale && info.offset === offset,
  );
  return isAlike ? [offset, 255 * scale + offset] : null;
}
