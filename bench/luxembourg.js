// The sources of the event of Luxembourg, for package.js and scene.js.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PYTHON } from '../scripts/checks/programs.js';
import { optionOf, time } from './harness.js';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/**
 * Reads the options `--full`, `--trial` and `--sources FOLDER` of a script, and makes the sources.
 * @param {string[]} args
 * @param {{layouts?: boolean, part?: number}} [wanted] `part`: the share of the grid's sides without `--full`
 * @returns {{sources: string, work: string, event: object, flags: string[]}} the folder of the sources; an empty folder,
 * which is removed at the end; `event.json`; and the options of `package` for the grid
 */
export function makeLuxembourg(args, { layouts = false, part = 0.5 } = {}) {
  const work = mkdtempSync(join(process.env.TERRACHIP_BENCH_FOLDER ?? tmpdir(), 'terrachip-bench-'));
  process.on('exit', () => rmSync(work, { recursive: true, force: true }));
  const sources = resolve(optionOf(args, '--sources') ?? join(work, 'sources'));
  mkdirSync(sources, { recursive: true });
  console.log(`makes the missing sources in ${sources}: one or two minutes for all of them`);
  time([
    PYTHON,
    here('peers/make_luxembourg.py'),
    sources,
    ...['--part', args.includes('--full') ? '1' : String(part)],
    ...['--coarse', args.includes('--trial') ? '4' : '1'],
    ...(layouts ? ['--layouts'] : []),
  ]);
  const event = JSON.parse(readFileSync(join(sources, 'event.json'), 'utf8'));
  return { sources, work, event, flags: ['--res', String(event.resolution)] };
}
