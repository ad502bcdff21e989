/** Sources of chips for a model: scenes, catalogs, and custom sources. */
export { CatalogChips, type CatalogChipsOptions, type LoadedChip } from './catalog.js';
export { type CatalogInput, rowsWithBands } from './catalog-input.js';
export { joinChips } from './join.js';
export { CHIP_METHODS, type ChipMethod } from './methods.js';
export { SceneChips, type SceneChipsOptions } from './scene.js';
export {
  type Chip,
  type ChipSource,
  type ChipValues,
  type StripColumn,
  withStrip,
} from './source.js';
