// A Debian 13 root in the cache folder, made at the first run: its zarr-python and xarray read Zarr v3, its GDAL is newer,
// and it has ONNX Runtime. Needs Debian and root.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { here, requirePackages, run } from './programs.js';

/** Makes the root if it is missing, and a folder inside it that both sides can access without mounts. */
export async function openTrixie() {
  await requirePackages(['debootstrap']);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terrachip-checks');
  // Increase the number when make-trixie.sh changes.
  const root = join(cache, 'trixie-3');
  if (!existsSync(root)) {
    console.log(`making a Debian 13 root in ${root}, once: some minutes`);
    await run('bash', [join(here, 'make-trixie.sh'), root]);
  }
  const folder = mkdtempSync(join(root, 'tmp', 'terrachip-check-'));
  cpSync(here, join(folder, 'checks'), { recursive: true });

  /** Runs a program in the root, with paths relative to the root. */
  async function inTrixie(command, args, { input = '' } = {}) {
    const inside = (text) => text.replaceAll(`${root}/`, '/');
    const program = [root, '/usr/bin/env', 'LC_ALL=C.UTF-8', command, ...args.map(inside)];
    return run('chroot', program, { input: inside(input) });
  }

  return {
    folder,
    inTrixie,
    /** Runs a helper of this folder with a JSON request. @returns its answer */
    async python(helper, request) {
      const script = join(folder, 'checks', helper);
      return JSON.parse(await inTrixie('/usr/bin/python3', [script], { input: JSON.stringify(request) }));
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
