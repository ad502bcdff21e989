/**
 * terrachip: satellite scenes into maps with a geospatial foundation model, on the GPU.
 * @module
 */
export { type ErrorCode, type ErrorFields, isTerrachipError, TerrachipError } from './errors.js';
export * from './geo/node/index.js';
export { type BackendChoice, type BackendOptions, createBackend } from './gpu/node/index.js';
export type { OnProgress, OperationOptions, ProgressEvent } from './progress.js';
export * from './workflow/index.js';
