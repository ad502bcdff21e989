import { fileURLToPath } from 'node:url';

/** Names of the bundled models. */
export const BUNDLED = ['demo-flood', 'demo-water-s1', 'water-threshold'];

/** The folder of a bundled model. */
export function bundledModel(name: string): string {
  return fileURLToPath(new URL(`../../../models/${name}`, import.meta.url));
}
