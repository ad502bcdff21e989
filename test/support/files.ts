import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is removed after all tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'terrachip-test-'));
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Every file of a folder with its bytes. */
export async function contents(store: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const name of (await readdir(store, { recursive: true })).sort()) {
    const path = join(store, name);
    if ((await stat(path)).isFile()) files[name] = (await readFile(path)).toString('base64');
  }
  return files;
}

/** The folder of real data, which is not part of the project: TERRACHIP_SHARED, or beside the checkout; null if absent. */
export const sharedFolder: string | null = (() => {
  const folder = process.env.TERRACHIP_SHARED ?? resolve('../shared');
  return existsSync(join(folder, 'data', 'MANIFEST.md')) ? folder : null;
})();

/** A path in the real data. */
export function sharedPath(...parts: string[]): string {
  return join(sharedFolder ?? '', 'data', ...parts);
}
