/** Chips as a model wants them, from scenes and from whatever else yields them. */
export { SceneChips, type SceneChipsOptions } from './scene.js';
export { type Chip, type ChipSource, chipValues, joinChips, normaliseInto, validShare } from './source.js';
