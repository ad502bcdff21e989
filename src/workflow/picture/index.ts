/** Pictures of maps, rasters and scenes as PNG files. */
export { type AlignmentOptions, type AlignmentReport, drawAlignment } from './alignment.js';
export { drawMap, type MapPicture } from './map-picture.js';
export type { ColourMapName, IndexName } from './names.js';
export { drawRaster, type QuicklookOptions, type QuicklookReport } from './raster-picture.js';
