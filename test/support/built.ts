/** The built package, whose worker threads run its own files, which Node cannot do with TypeScript. */
import type * as Root from '../../src/index.js';
import type * as Inference from '../../src/inference/node/index.js';

/** A module by a name that only runs know, so that types are those of the sources and not of an older build. */
const load = (specifier: string): Promise<unknown> => import(specifier);

export const builtTerrachip = (await load('terrachip')) as typeof Root;
export const builtInference = (await load('terrachip/inference')) as typeof Inference;
