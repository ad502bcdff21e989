/** Variables of array stores as rasters, by the CF conventions, GeoZarr and what GDAL and rioxarray write. */
export type { Coordinate } from './coordinates.js';
export { ArrayRaster } from './raster.js';
export { decodeTime, type TimeDecoder, timeDecoder } from './time.js';
