/** The description of a raster on the page. */
import { Crs, transformBounds } from 'terrachip/geo';
import type { Raster } from 'terrachip/raster';
import { invalidInput } from '../src/errors.js';
import type { BandSummary, LayerInfo } from './protocol.js';

/** Limit on bands in a form. */
const MOST_BANDS = 500;

/** @throws {TerrachipError} INVALID_INPUT for a raster without a georeference, with complex values or with too many bands */
export function describeLayer(raster: Raster): LayerInfo {
  const { geobox, width, height, bands, compression, overviews, colourTable } = raster;
  if (geobox === null) {
    const why = raster.placeProblem ?? 'has no coordinate reference system or no transform';
    throw invalidInput(raster.name, why, 'give a georeferenced GeoTIFF');
  }
  if (bands.some(({ components }) => components === 2))
    throw invalidInput(raster.name, 'has complex values', 'give its amplitude');
  if (bands.length > MOST_BANDS) {
    const remedy = `give a file with at most ${MOST_BANDS}, or use the command line`;
    throw invalidInput(raster.name, `has ${bands.length} bands`, remedy);
  }
  const [x, y] = geobox.resolution;
  return {
    width,
    height,
    grid: geobox.toJSON(),
    crs: geobox.crs.epsg === null ? geobox.crs.name : `EPSG:${geobox.crs.epsg}`,
    isGeographic: geobox.crs.isGeographic,
    resolution: [x, y],
    lonLat: transformBounds(geobox.bounds, geobox.crs, Crs.wgs84),
    bands: symbols(raster),
    compression,
    overviews: overviews.length,
    colourTable: bands.length === 1 ? colourTable : null,
  };
}

/** Names for expressions: those in the file if they are valid and unique, else `b1`, `b2`, … */
function symbols({ bands }: Raster): BandSummary[] {
  const names = bands.map(({ description }) => description ?? '');
  const usable = names.every(
    (name, k) => /^[A-Za-z_][A-Za-z0-9_]{0,40}$/.test(name) && names.indexOf(name) === k,
  );
  return bands.map(({ index, description, dtype, nodata, scale, offset }, k) => ({
    index,
    name: (description ?? `band ${index}`).slice(0, 60),
    symbol: usable ? names[k] : `b${index}`,
    dtype,
    nodata,
    scale,
    offset,
  }));
}
