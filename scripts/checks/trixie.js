// A Debian 13 root in the cache folder, made at the first run: its zarr-python and xarray read Zarr v3, its GDAL is newer,
// and it has ONNX Runtime and moto. Needs Debian and root.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { here, requirePackages, run } from './programs.js';

/**
 * Makes the root if it is missing, and a folder inside it that both sides can access without mounts.
 * @param packages of Debian that this check needs in addition to those of the root; they stay installed
 */
export async function openTrixie(packages = []) {
  await requirePackages(['debootstrap']);
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'terrachip-checks');
  // Increase the number when make-trixie.sh changes.
  const root = join(cache, 'trixie-4');
  if (!existsSync(root)) {
    console.log(`making a Debian 13 root in ${root}, once: some minutes`);
    await run('bash', [join(here, 'make-trixie.sh'), root]);
  }
  const missing = packages.filter(
    (name) => !existsSync(join(root, 'var', 'lib', 'dpkg', 'info', `${name}.list`)),
  );
  if (missing.length > 0) {
    console.log(`installing ${missing.join(', ')} in ${root}, once`);
    const install = ['apt-get', 'install', '-y', '--no-install-recommends', ...missing];
    await run('chroot', [root, '/usr/bin/env', 'DEBIAN_FRONTEND=noninteractive', ...install]);
  }
  const folder = mkdtempSync(join(root, 'tmp', 'terrachip-check-'));
  cpSync(here, join(folder, 'checks'), { recursive: true });

  /** Runs a program in the root, with paths relative to the root. */
  async function inTrixie(command, args, { input = '' } = {}) {
    return run('chroot', programInside(command, args), { input: inside(input) });
  }
  const inside = (text) => text.replaceAll(`${root}/`, '/');
  const programInside = (command, args) => [
    root,
    '/usr/bin/env',
    'LC_ALL=C.UTF-8',
    command,
    ...args.map(inside),
  ];

  return {
    folder,
    inTrixie,
    /** Runs a helper of this folder with a JSON request. @returns its response */
    async python(helper, request) {
      const script = join(folder, 'checks', helper);
      return JSON.parse(await inTrixie('/usr/bin/python3', [script], { input: JSON.stringify(request) }));
    },
    /** Starts a helper that ends when its input ends. @returns the document on its first line, and a function that ends it */
    async start(helper) {
      const program = programInside('/usr/bin/python3', [join(folder, 'checks', helper)]);
      const child = spawn('chroot', program, { stdio: ['pipe', 'pipe', 'pipe'] });
      let errors = '';
      child.stderr.setEncoding('utf8').on('data', (text) => {
        errors = (errors + text).slice(-20_000);
      });
      const ended = once(child, 'close');
      const line = once(createInterface({ input: child.stdout }), 'line');
      const first = await Promise.race([line, ended.then(() => null)]);
      if (first === null) throw new Error(`${helper} ended\n${errors}`);
      return {
        document: JSON.parse(first[0]),
        errors: () => errors,
        async stop() {
          child.stdin.end();
          await ended;
        },
      };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
