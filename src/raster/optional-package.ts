/** Optional packages: whether one is installed. */
import { isNotInstalled, messageOf } from '../errors.js';

/** An optional package, and how it is loaded. */
export interface OptionalPackage {
  readonly name: string;
  readonly load: () => Promise<unknown>;
}

/** Why a package cannot be loaded, or null. */
export async function problemOf({ name, load }: OptionalPackage): Promise<{
  problem: string;
  remedy: string;
  cause: unknown;
} | null> {
  try {
    await load();
    return null;
  } catch (cause) {
    const problem = isNotInstalled(cause)
      ? `the optional package ${name} is not installed`
      : `the package ${name} cannot be loaded (${messageOf(cause).split('\n')[0]})`;
    return { problem, remedy: `run npm install ${name}`, cause };
  }
}
