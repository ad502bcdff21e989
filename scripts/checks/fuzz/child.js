// The process that reads cases one by one and reports each.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { deserialize } from 'node:v8';
import { isTerrachipError } from 'terrachip';
import { makeCase, nameOf } from './mutate.js';
import { readCase } from './read.js';

const [seedsFile, folder] = process.argv.slice(2);
/** @type {{ kept: import('./seeds.js').Seed[], seeds: import('./seeds.js').Seed[] }} */
const { kept, seeds } = deserialize(readFileSync(seedsFile));
const own = mkdtempSync(join(folder, 'child-'));

/** Error codes that a bad file may cause. */
const REFUSALS = ['INVALID_INPUT', 'INVALID_OPTION', 'UNSUPPORTED', 'NOT_FOUND', 'TOO_LARGE'];

/** Why an error is not a proper refusal; null if it is one. */
function problemOf(error) {
  if (!isTerrachipError(error))
    return error instanceof Error ? (error.stack ?? error.message) : `threw ${error}`;
  if (!REFUSALS.includes(error.code)) return `${error.code}: ${error.stack}`;
  if (/[^.]; .*\.$/s.test(error.message)) return null;
  return `an error whose message is no sentence with a remedy: ${error.message}`;
}

/** Errors outside of the awaited calls count as the case's own. */
let stray = [];
process.on('unhandledRejection', (error) => stray.push(`unhandled rejection: ${problemOf(error) ?? error}`));
process.on('uncaughtException', (error) => stray.push(`uncaught exception: ${error.stack}`));

/** Open files of this process; 0 without /proc. */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

/** Count of descriptors of files at or below a path. */
const holders = (path) =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(path);
    } catch {
      return false;
    }
  }).length;

/** Writes a case to disk. @returns its path */
function store(made) {
  const path = join(own, nameOf(made));
  rmSync(path, { recursive: true, force: true });
  for (const [key, bytes] of Object.entries(made.files)) {
    const file = key === '' ? path : join(path, key);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
  if (made.kind === 'zarr') mkdirSync(path, { recursive: true });
  return path;
}

process.on('message', async ({ seed, number }) => {
  try {
    process.send(await run(seed, number));
  } catch (error) {
    process.send({ number, broken: error.stack });
  }
});

async function run(seed, number) {
  const made = number < 0 ? kept[-1 - number] : makeCase(seeds, seed, number);
  const path = store(made);
  process.send({ number, path, name: made.name });
  stray = [];
  const files = openFiles();
  const start = process.cpuUsage();
  const { opened, errors } = await readCase(made.kind, path);
  const { user, system } = process.cpuUsage(start);
  // Unhandled rejections are reported in the next turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  const problems = [...errors.map(problemOf).filter((problem) => problem !== null), ...stray];
  // Only the case's own files count, since libraries keep some open, and only after pending work has ended.
  let leaks = openFiles() > files ? holders(path) : 0;
  for (let wait = 0; leaks > 0 && wait < 20; wait++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    leaks = holders(path);
  }
  if (leaks > 0) problems.push(`left ${leaks} of its files open`);
  return {
    number,
    done: true,
    opened,
    codes: errors.map((error) => (isTerrachipError(error) ? error.code : 'none')),
    messages: errors.map((error) => (error instanceof Error ? error.message : String(error))),
    causes: errors.flatMap(({ cause }) =>
      /^(Type|Range|Reference)Error$/.test(cause?.name) ? [cause.stack] : [],
    ),
    problems: [...new Set(problems)],
    ms: (user + system) / 1000,
    peak: process.resourceUsage().maxRSS / 1024,
  };
}
