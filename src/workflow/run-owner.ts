/**
 * The owners of a run: each process has a file, which it touches every few seconds. Processes on several hosts may share
 * the folder.
 */
import { readdir, rm, rmdir, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import * as v from 'valibot';
import { isError, isTerrachipError, TerrachipError } from '../errors.js';
import type { RowRange } from '../geo/index.js';
import { readJson } from '../io/node/json.js';
import { makeFolder, writeError } from '../io/node/output.js';
import { isRunning } from '../io/node/temporaries.js';
import { validate } from '../json.js';

/** Milliseconds between two touches of a file, and after which its process counts as dead. */
const HEARTBEAT = 5_000;
const STALE = 60_000;

/** Milliseconds between two attempts to take over what a process has left. */
const LOCK_POLL = 10;

/** Milliseconds between two attempts to publish, and for which another process may publish. */
const PUBLISH_POLL = 100;
const PUBLISH_WAIT = 120_000;

const OwnerSchema = v.object({ host: v.string(), pid: v.number() });

/**
 * Takes units of a run for this process.
 * @returns gives them back when it is disposed of
 * @throws {TerrachipError} BUSY if another process has some of them
 */
export async function claimRows(run: string, own: RowRange): Promise<AsyncDisposable> {
  const folder = join(run, 'owners');
  await makeFolder(folder);
  const units = own.end - own.start === 1 ? `unit ${own.start}` : `units ${own.start} to ${own.end - 1}`;
  const work = `computing ${units} of ${run}`;
  const path = join(folder, `${own.start}-${own.end}.json`);
  const claim = await claimFile(path, work);
  try {
    for (const name of await readdir(folder)) {
      const [, start, end] = /^(\d+)-(\d+)\.json$/.exec(name) ?? [];
      if (start === undefined || name === basename(path)) continue;
      if (Number(start) < own.end && Number(end) > own.start) await takeOver(join(folder, name), work);
    }
    return claim;
  } catch (error) {
    await claim[Symbol.asyncDispose]();
    throw error;
  }
}

/** The folder of the runs that make an output, beside it. */
export function runsFolder(output: string): string {
  return `${output.replace(/(?<=.)[/\\]+$/, '')}.run`;
}

/** Removes the empty folder of a failed run's output, unless another process is at work on it. */
export async function removeEmptyOutput(output: string, error: unknown): Promise<void> {
  // `rmdir` removes only an empty folder.
  if (!isTerrachipError(error, 'BUSY')) await rmdir(output).catch(() => undefined);
}

/**
 * Runs a task that replaces the files of an output while no other process does so.
 * @throws {TerrachipError} BUSY if another process does not finish
 */
export async function publishing(output: string, task: () => Promise<void>): Promise<void> {
  const path = join(runsFolder(output), 'publishing.json');
  await makeFolder(dirname(path));
  // Another run that failed may have removed it while it was empty.
  await makeFolder(output);
  const deadline = Date.now() + PUBLISH_WAIT;
  const claim = async (): Promise<AsyncDisposable> => {
    for (;;) {
      try {
        return await claimFile(path, `writing ${output}`);
      } catch (error) {
        if (!isTerrachipError(error, 'BUSY') || Date.now() > deadline) throw error;
        await setTimeout(PUBLISH_POLL);
      }
    }
  };
  const claimed = await claim();
  try {
    await task();
  } finally {
    await claimed[Symbol.asyncDispose]();
    // Other runs may lie in it.
    await rmdir(dirname(path)).catch(() => undefined);
  }
}

/** Creates a file that says that this process is at work, and touches it until it is disposed of. */
async function claimFile(path: string, work: string): Promise<AsyncDisposable> {
  const content = `${JSON.stringify({ host: hostname(), pid: process.pid })}\n`;
  if (!(await createNew(path, content))) await takeOver(path, work, content);
  const touch = setInterval(() => {
    const now = new Date();
    // The file may be gone, with all of the run.
    utimes(path, now, now).catch(() => undefined);
  }, HEARTBEAT);
  touch.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(touch);
      await rm(path, { force: true });
    },
  };
}

/** Creates a file; false if there is one. */
async function createNew(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (cause) {
    if (isError(cause) && cause.code === 'EEXIST') return false;
    // On a full disk, an empty file is left.
    await rm(path, { force: true });
    throw writeError(path, cause);
  }
}

/**
 * Removes the file of a process that has ended, or replaces it. Of several processes that find it, one does so at a time,
 * and the next finds what that one wrote.
 * @throws {TerrachipError} BUSY if its process is still at work
 */
async function takeOver(path: string, work: string, content?: string): Promise<void> {
  const lock = `${path}.lock`;
  while (!(await createNew(lock, ''))) {
    // Left by a process that was killed in here.
    if (((await ageOf(lock)) ?? 0) > STALE) await rm(lock, { force: true });
    else await setTimeout(LOCK_POLL);
  }
  try {
    await removeEnded(path, work);
    if (content !== undefined && !(await createNew(path, content))) throw busy('another process', work);
  } finally {
    await rm(lock, { force: true });
  }
}

/** Milliseconds since a file was touched; null for none. */
async function ageOf(path: string): Promise<number | null> {
  const info = await stat(path).catch(() => null);
  return info === null ? null : Date.now() - info.mtimeMs;
}

async function removeEnded(path: string, work: string): Promise<void> {
  const age = await ageOf(path);
  if (age === null) return;
  // A file without its content was cut off by a crash, or is just being written.
  const owner = await readJson(path)
    .then((document) => validate(OwnerSchema, document, path))
    .catch(() => null);
  const hasEnded = owner?.host === hostname() && !isRunning(owner.pid);
  if (!hasEnded && age <= STALE) {
    throw busy(owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`, work);
  }
  await rm(path, { force: true });
}

function busy(who: string, work: string): TerrachipError {
  return new TerrachipError(
    'BUSY',
    `${who} is ${work}`,
    'wait until it has finished, or stop it; one that was killed on another host is given up after a minute',
    { source: work },
  );
}
