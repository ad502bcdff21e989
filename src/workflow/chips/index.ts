/** Chips as a model wants them, from scenes, from catalogs and from whatever else yields them. */
export { CatalogChips, type CatalogChipsOptions } from './catalog.js';
export { CHIP_METHODS, type CatalogInput, type ChipMethod, rowsWithBands } from './catalog-input.js';
export { SceneChips, type SceneChipsOptions } from './scene.js';
export { type Chip, type ChipSource, chipValues, joinChips, normaliseInto, validShare } from './source.js';
