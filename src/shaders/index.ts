/** The WGSL of every kernel, and the composer of its shared functions. */
export { default as chipsShader } from './chips.wgsl.js';
export { compose, type ShaderFunction } from './compose.js';
export { default as decibelShader } from './decibel.wgsl.js';
export { default as dilateShader } from './dilate.wgsl.js';
export { default as expressionShader } from './expression.wgsl.js';
export { default as fieldMaskShader } from './field-mask.wgsl.js';
export { default as histogramShader } from './histogram.wgsl.js';
export { default as maskValuesShader } from './mask-values.wgsl.js';
export { default as mosaicShader } from './mosaic.wgsl.js';
export { default as nodataShader } from './nodata.wgsl.js';
export { default as rescaleShader } from './rescale.wgsl.js';
export { default as rowDistanceShader } from './row-distance.wgsl.js';
export { default as softmaxShader } from './softmax.wgsl.js';
export { default as stitchShader } from './stitch.wgsl.js';
export { default as validMaskShader } from './valid-mask.wgsl.js';
export { default as valueRangeShader } from './value-range.wgsl.js';
export { default as warpShader } from './warp.wgsl.js';
