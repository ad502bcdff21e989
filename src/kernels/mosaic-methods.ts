/** How the layers over a pixel become one value; the shader knows them by their positions. */
export const MOSAIC_METHODS = ['mean', 'median', 'min', 'max', 'first', 'last', 'count', 'sum'] as const;
/** How the values of layers become one. */
export type MosaicMethod = (typeof MOSAIC_METHODS)[number];
