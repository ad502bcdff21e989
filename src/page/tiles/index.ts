/** Rasters as layers of a map: exactly warped tiles, band arithmetic and colours. */
export { WarpedTileLayer, type WarpedTileLayerOptions } from './layer.js';
export { type Colouring, colourPixels, type TileClass } from './paint.js';
export { inDecibels, type Recipe, shownPlanes, stretchesOf } from './recipe.js';
export { explanationOf, ServerTiles } from './server-tiles.js';
export { CachedTiles, type TileSource } from './source.js';
