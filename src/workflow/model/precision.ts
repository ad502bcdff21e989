/** In which a model's weights are stored and its products computed. */
export const PRECISIONS = ['fp32', 'fp16'] as const;
/** The type of the numbers in a model folder. */
export type ModelPrecision = (typeof PRECISIONS)[number];

/** What a sample is called that no scene was given for. */
export const MADE_UP = 'made-up chips';
