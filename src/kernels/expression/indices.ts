/**
 * Spectral indices as expressions of Sentinel-2 bands. All are normalised differences: from −1 to 1 for reflectance, no
 * data where both bands are 0.
 */
export const INDICES = {
  /** Open water: McFeeters 1996, doi:10.1080/01431169608948714. */
  NDWI: { expression: '(B03 - B08) / (B03 + B08)', bands: ['B03', 'B08'], source: 'McFeeters 1996' },
  /** Open water beside buildings: Xu 2006, doi:10.1080/01431160600589179. */
  MNDWI: { expression: '(B03 - B11) / (B03 + B11)', bands: ['B03', 'B11'], source: 'Xu 2006' },
  /** Vegetation: Rouse et al. 1974, NASA SP-351, p. 309. */
  NDVI: { expression: '(B08 - B04) / (B08 + B04)', bands: ['B08', 'B04'], source: 'Rouse et al. 1974' },
  /** Burned ground: Key and Benson 2006, USDA RMRS-GTR-164-CD. */
  NBR: { expression: '(B08 - B12) / (B08 + B12)', bands: ['B08', 'B12'], source: 'Key and Benson 2006' },
} as const;

/** The name of a built-in spectral index. */
export type IndexName = keyof typeof INDICES;

/** The names of the built-in spectral indices. */
export const INDEX_NAMES = Object.keys(INDICES) as readonly IndexName[];

/** Whether a text names a built-in spectral index. */
export function isIndexName(name: string): name is IndexName {
  return Object.hasOwn(INDICES, name);
}
