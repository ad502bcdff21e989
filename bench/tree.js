// Whole runs of commands: seconds, processor time, and the peak memory of the process tree. Needs Linux and bash.
import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { median } from './harness.js';

/** Milliseconds between two samples of the memory. */
const INTERVAL = 20;
/** Samples between two searches for new processes. */
const SEARCH_EVERY = 5;

/**
 * Runs a command to its end.
 * @returns {Promise<{seconds: number, cpuSeconds: number, peakBytes: number, stdout: string}>} wall-clock seconds, seconds
 * of all cores, and the largest sum of resident memory over the processes of the tree, which counts shared pages once per
 * process
 */
export async function runTree([command, ...args]) {
  const timed = 'exec 4>&2; TIMEFORMAT="%U %S"; { time "$@" 2>&4 3>&- 4>&-; } 2>&3';
  const start = process.hrtime.bigint();
  const child = spawn('bash', ['-c', timed, 'bash', command, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const memory = new TreeMemory(child.pid);
  const timer = setInterval(() => memory.look(), INTERVAL);
  const ended = new Promise((done, fail) => {
    child.on('error', fail);
    child.on('exit', (status, signal) => done([status ?? signal, process.hrtime.bigint()]));
  });
  const [[status, end], stdout, stderr, times] = await Promise.all([
    ended,
    text(child.stdout),
    text(child.stderr),
    text(child.stdio[3]),
  ]).finally(() => clearInterval(timer));
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${status}): ${stderr}`);
  const cpuSeconds = times
    .trim()
    .split(/\s+/)
    .reduce((sum, value) => sum + Number(value), 0);
  return { seconds: Number(end - start) / 1e9, cpuSeconds, peakBytes: memory.peakBytes, stdout };
}

/** The memory of the processes below one. */
class TreeMemory {
  peakBytes = 0;
  #root;
  #pids = [];
  #looks = 0;

  constructor(root) {
    this.#root = root;
  }

  look() {
    if (this.#looks++ % SEARCH_EVERY === 0) this.#pids = descendants(this.#root);
    let sum = 0;
    for (const pid of this.#pids) {
      const status = readProc(`${pid}/status`);
      const bytes = (name) => 1024 * Number(new RegExp(`${name}:\\s*(\\d+)`).exec(status)?.[1] ?? 0);
      sum += bytes('VmRSS');
      // The kernel knows the exact peak of a process, also between two samples.
      this.peakBytes = Math.max(this.peakBytes, bytes('VmHWM'));
    }
    this.peakBytes = Math.max(this.peakBytes, sum);
  }
}

function descendants(pid) {
  return childrenOf(pid).flatMap((child) => [child, ...descendants(child)]);
}

function childrenOf(pid) {
  let threads = [];
  try {
    threads = readdirSync(`/proc/${pid}/task`);
  } catch {
    // The process has ended.
  }
  return threads
    .flatMap((thread) => readProc(`${pid}/task/${thread}/children`).split(' '))
    .filter((text) => text !== '');
}

function readProc(path) {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return '';
  }
}

/** Flushes writes to the disks and empties the page cache. @returns false if this user may not */
export function dropPageCache() {
  spawnSync('sync');
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3\n');
    return true;
  } catch {
    return false;
  }
}

/**
 * Runs all contestants in turn, `rounds` times, after one warm-up of each if wanted.
 * @param {{name: string, command: string[], before?: () => void}[]} contestants `before` is not measured
 * @param {{cold: boolean, rounds: number, warmUp: boolean}} options cold: the page cache is emptied before each run
 * @param {(name: string, round: number, run: object) => void} onRun receives each run when it ends
 */
export async function competeTrees(contestants, { cold, rounds, warmUp }, onRun) {
  for (let round = warmUp ? -1 : 0; round < rounds; round++) {
    for (const { name, command, before } of contestants) {
      before?.();
      if (cold) dropPageCache();
      const { stdout, ...run } = await runTree(command);
      if (round >= 0) onRun(name, round, run);
    }
  }
}

/**
 * Medians of runs by contestant, and ratios to ours in the same round; null where ours has fewer rounds.
 * @param {{name: string, runs: object[]}[]} contestants
 * @param {string} ours a name
 */
export function summarize(contestants, ours) {
  const rounded = (value) => Number(value.toPrecision(4));
  const reference = contestants.find(({ name }) => name === ours)?.runs ?? [];
  return contestants.map(({ name, runs }) => {
    const middle = (key) => rounded(median(runs.map((run) => run[key])));
    const ratio = (key) =>
      runs.length > reference.length
        ? null
        : rounded(median(runs.map((run, round) => run[key] / reference[round][key])));
    return {
      name,
      runs,
      seconds: middle('seconds'),
      cpuSeconds: middle('cpuSeconds'),
      peakMiB: Math.round(middle('peakBytes') / 2 ** 20),
      ratio: ratio('seconds'),
      memoryRatio: ratio('peakBytes'),
    };
  });
}
