/** The built package: worker threads cannot run TypeScript. */
import type * as Root from '../../src/index.js';
import type * as Inference from '../../src/inference/node/index.js';

/** Imports a module by a computed name, so that types are those of the sources and not of an older build. */
const load = (specifier: string): Promise<unknown> => import(specifier);

export const builtTerrachip = (await load('terrachip')) as typeof Root;
export const builtInference = (await load('terrachip/inference')) as typeof Inference;
