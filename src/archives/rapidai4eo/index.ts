export { CLC_CLASSES, CLC_GROUPS, type ClcClass } from './clc.js';
export {
  eachAsset,
  getAssetHrefs,
  type ImageSelection,
  RAPIDAI4EO_PRODUCTS,
  RAPIDAI4EO_ROOT,
  type RapidAi4EoImage,
  type RapidAi4EoProduct,
} from './hrefs.js';
export { imagesOf } from './images.js';
export {
  type ClassShare,
  type LocationColumns,
  type LocationQuery,
  RapidAi4EoLocations,
} from './locations.js';
export { type RapidAi4EoFiles, readLocations } from './read.js';
