import controlGrid from './functions/control-grid.wgsl.js';
import flatIndex from './functions/flat-index.wgsl.js';
import footprint from './functions/footprint.wgsl.js';
import missing from './functions/missing.wgsl.js';
import stored from './functions/stored.wgsl.js';
import storedValues from './functions/stored-values.wgsl.js';

/** Shared WGSL functions by name. */
const FUNCTIONS = {
  'control-grid': controlGrid,
  'flat-index': flatIndex,
  footprint,
  missing,
  stored,
  'stored-values': storedValues,
} as const;

/**
 * Names of shared WGSL functions: `flat-index` has `flat_index(id)` for dispatches of `flatGrid`, `missing` has
 * `missing()`, `is_missing(value)` and `is_finite(value)`; the others are for warps and stored values.
 */
export type ShaderFunction = keyof typeof FUNCTIONS;

/** A shader followed by shared functions. */
export function compose(shader: string, functions: readonly ShaderFunction[] = []): string {
  return [shader, ...functions.map((name) => FUNCTIONS[name])].join('\n');
}
