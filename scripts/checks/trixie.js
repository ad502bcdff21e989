// A Debian 13 root in the cache folder, made at the first run, whose programs the checks run: its zarr-python and
// xarray read Zarr v3, and its GDAL is a newer one. Needs Debian and root.
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { here, requirePackages, run } from './programs.js';

/** Makes the root if there is none, and a folder inside it, so that both sides see the same files without mounts. */
export async function openTrixie() {
  await requirePackages(['debootstrap']);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terrachip-checks');
  // Counted up when make-trixie.sh installs something else.
  const root = join(cache, 'trixie-2');
  if (!existsSync(root)) {
    console.log(`making a Debian 13 root in ${root}, once: some minutes`);
    await run('bash', [join(here, 'make-trixie.sh'), root]);
  }
  const folder = mkdtempSync(join(root, 'tmp', 'terrachip-check-'));
  cpSync(here, join(folder, 'checks'), { recursive: true });

  /** Runs a program in that root, where paths lack the root's own. */
  async function inTrixie(command, args, { input = '' } = {}) {
    const inside = (text) => text.replaceAll(`${root}/`, '/');
    const program = [root, '/usr/bin/env', 'LC_ALL=C.UTF-8', command, ...args.map(inside)];
    return run('chroot', program, { input: inside(input) });
  }

  return {
    folder,
    inTrixie,
    /** Runs a helper of this folder with a request as JSON and returns its answer. */
    async python(helper, request) {
      const script = join(folder, 'checks', helper);
      return JSON.parse(await inTrixie('/usr/bin/python3', [script], { input: JSON.stringify(request) }));
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
