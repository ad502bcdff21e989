import { fileURLToPath } from 'node:url';

/** Models that come with the package. */
export const BUNDLED = ['demo-flood', 'demo-water-s1', 'water-threshold'];

/** The folder of a model that comes with the package. */
export function bundledModel(name: string): string {
  return fileURLToPath(new URL(`../../../models/${name}`, import.meta.url));
}
