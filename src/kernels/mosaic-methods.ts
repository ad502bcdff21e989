/** Methods of `mosaic`, in the order of the shader's numbers. */
export const MOSAIC_METHODS = ['mean', 'median', 'min', 'max', 'first', 'last', 'count', 'sum'] as const;
/** A method of `mosaic`. */
export type MosaicMethod = (typeof MOSAIC_METHODS)[number];
