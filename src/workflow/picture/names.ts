/** Names of colour maps and indices. A module of its own, so that the CLI does not load the drawing code. */

export const COLOUR_MAP_NAMES = ['grey', 'viridis', 'rdbu'] as const;
/** A colour map, by name. */
export type ColourMapName = (typeof COLOUR_MAP_NAMES)[number];

export { INDEX_NAMES, type IndexName } from '../../kernels/expression/indices.js';
