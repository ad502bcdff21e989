/** Optional packages: whether one is installed. */
import { messageOf } from '../errors.js';

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
    const [message] = messageOf(cause).split('\n');
    const missing = /Cannot find (package|module)/.test(message);
    const problem = missing
      ? `the optional package ${name} is not installed`
      : `the package ${name} cannot be loaded (${message})`;
    return { problem, remedy: `run npm install ${name}`, cause };
  }
}
