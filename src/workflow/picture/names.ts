/** What can be asked for by name; apart, so that the command line knows it without loading what draws. */

export const COLOUR_MAP_NAMES = ['grey', 'viridis', 'rdbu'] as const;
/** A colour map, by name. */
export type ColourMapName = (typeof COLOUR_MAP_NAMES)[number];

export { INDEX_NAMES, type IndexName } from '../../kernels/expression/indices.js';
