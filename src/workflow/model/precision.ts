/** The precision of a model's weights and matrix products. */
export const PRECISIONS = ['fp32', 'fp16'] as const;
/** The type of the numbers in a model folder. */
export type ModelPrecision = (typeof PRECISIONS)[number];

/** The name of a synthetic sample in reports. */
export const MADE_UP = 'made-up chips';
