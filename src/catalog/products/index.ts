/** Satellite products: bands by common names, in physical units, on any grid. */
export type { ProductAttributes } from './description.js';
export type { LoadBandsOptions, LoadedBands, ProductUnits } from './load.js';
export { type CloudBandName, type FileBandName, PRODUCT_BANDS, type ProductBandName } from './names.js';
export { Product, type ProductBand, type ProductLoadOptions } from './product.js';
export type { SafeOptions } from './safe.js';
export type { ItemOptions } from './sentinel2-item.js';
