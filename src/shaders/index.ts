/** The WGSL of every kernel, and the composer of its shared functions. */
export { default as areaShader } from './area.wgsl.js';
export { default as argmaxShader } from './argmax.wgsl.js';
export { default as chipsShader } from './chips.wgsl.js';
export { compose, type ShaderFunction } from './compose.js';
export { default as decibelShader } from './decibel.wgsl.js';
export { default as nodataShader } from './nodata.wgsl.js';
export { default as softmaxShader } from './softmax.wgsl.js';
export { default as stitchShader } from './stitch.wgsl.js';
export { default as validMaskShader } from './valid-mask.wgsl.js';
export { default as votesShader } from './votes.wgsl.js';
export { default as warpShader } from './warp.wgsl.js';
