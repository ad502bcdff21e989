// Processes that are stopped, and the files that they leave.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TERRACHIP } from '../programs.js';

/** Fields that differ between runs of the same plan: times and the process. */
const RECORDS = ['run.json', 'item.json'];

/**
 * Starts terrachip.
 * @returns the process, and its end: `status` is the exit status or the name of the signal
 */
export function start(args) {
  const child = spawn(process.execPath, [TERRACHIP, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const end = new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ status: status ?? signal, output }));
  });
  return { child, end };
}

/** Runs terrachip to its end. */
export function finish(args) {
  return start(args).end;
}

/**
 * Runs terrachip, and sends it signals, 50 ms apart. A process that has ended gets none.
 * @param seconds of processor time before the first signal: unlike wall-clock time, it does not depend on the load of the
 *   machine
 * @returns its end, and the processor seconds that it had used at the last look
 */
export async function interrupt(args, seconds, signals = ['SIGKILL']) {
  const { child, end } = start(args);
  const left = [...signals];
  let hasEnded = false;
  let used = 0;
  end.then(() => {
    hasEnded = true;
  });
  while (!hasEnded) {
    used = processorSeconds(child.pid) ?? used;
    const isTime = used >= seconds && left.length > 0;
    if (isTime) child.kill(left.shift());
    await sleep(isTime ? 50 : 5);
  }
  return { ...(await end), used };
}

/** Processor seconds of a process, as counted by Linux; null after its end. */
function processorSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    // User and system time, in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return null;
  }
}

/** SHA-256 of every file in a folder, by path. */
export function hashesOf(folder) {
  const hashes = {};
  for (const path of filesIn(folder)) {
    const name = relative(folder, path);
    if (!RECORDS.includes(name)) hashes[name] = createHash('sha256').update(readFileSync(path)).digest('hex');
  }
  return hashes;
}

/** The paths of all files in a folder and below, in order; none for a missing folder. */
export function filesIn(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder, { recursive: true }).map((name) => join(folder, name));
  return names.filter((path) => statSync(path).isFile()).sort();
}

/** Temporary files in a folder and below. */
export function temporariesIn(folder) {
  return readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.tmp'));
}

/** Replaces a folder by a copy of another one. */
export function copyFolder(from, to) {
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
