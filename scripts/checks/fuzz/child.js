// A process that reads cases, one after the other, and says how each went.
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

/** Codes that a file may be refused by; others are no file's fault. */
const REFUSALS = ['INVALID_INPUT', 'INVALID_OPTION', 'UNSUPPORTED', 'NOT_FOUND', 'TOO_LARGE'];

/** What was wrong with an error, or null. */
function problemOf(error) {
  if (!isTerrachipError(error))
    return error instanceof Error ? (error.stack ?? error.message) : `threw ${error}`;
  if (!REFUSALS.includes(error.code)) return `${error.code}: ${error.stack}`;
  if (/[^.]; .*\.$/s.test(error.message)) return null;
  return `an error whose message is no sentence with a remedy: ${error.message}`;
}

/** What happens outside the reading of a case counts as its own. */
let stray = [];
process.on('unhandledRejection', (error) => stray.push(`unhandled rejection: ${problemOf(error) ?? error}`));
process.on('uncaughtException', (error) => stray.push(`uncaught exception: ${error.stack}`));

/** Files that this process holds open; 0 where the system does not tell. */
const openFiles = () => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0);

/** How many descriptors hold a file at a path, or below it. */
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
  // Rejections that nobody waits for are told of in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  const problems = [...errors.map(problemOf).filter((problem) => problem !== null), ...stray];
  // Libraries that are loaded keep some: only the case's own count, once what was under way has ended.
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
