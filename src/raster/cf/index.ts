/** Variables of array stores as rasters, by CF, GeoZarr and the attributes of GDAL and rioxarray. */
export type { Coordinate } from './coordinates.js';
export { ArrayRaster } from './raster.js';
export { decodeTime, type TimeDecoder, timeDecoder } from './time.js';
