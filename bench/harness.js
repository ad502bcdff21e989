// Times contestants in turn and describes the machine.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import { machine } from '../dist/workflow/bench/machine.js';
import { median, quantile, timeTask } from '../dist/workflow/bench/measure.js';
import { formatResult } from './tables.js';

export { machine, median, timeTask };

/** The number of rounds among the arguments of a script. */
export function roundsIn(args, otherwise) {
  return Number(args.find((arg) => /^\d+$/.test(arg)) ?? otherwise);
}

/** The value after an option of a script. */
export function optionOf(args, flag, otherwise = null) {
  const at = args.indexOf(flag);
  return at < 0 ? otherwise : args[at + 1];
}

/** The comma-separated names of an option of a script; all without the option. */
export function chosenBy(args, flag, all) {
  const names = optionOf(args, flag)?.split(',') ?? all;
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`${flag} ${unknown} is unknown; choose from ${all.join(', ')}`);
  return names;
}

/** Load average of one minute, which shows whether something else was running. */
export function load() {
  return Number(loadavg()[0].toFixed(2));
}

/** Runs a command to its end and returns its wall-clock seconds. */
export function time([command, ...args]) {
  const start = process.hrtime.bigint();
  const run = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${run.stderr}`);
  return Number(process.hrtime.bigint() - start) / 1e9;
}

/** Runs a command that prints one number and returns that number. */
export function report([command, ...args]) {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${run.stderr}`);
  return Number(run.stdout);
}

/**
 * Runs all contestants in turn, `rounds` times after one warm-up.
 * @param {{name: string, command: string[]}[]} contestants ours first
 * @param {(command: string[]) => number} measure seconds of one run
 */
export function compete(contestants, rounds, measure = time) {
  const seconds = contestants.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, { command }] of contestants.entries()) {
      const taken = measure(command);
      if (round >= 0) seconds[i].push(taken);
    }
    process.stderr.write(round < 0 ? 'warmed up\n' : `round ${round + 1} of ${rounds}\n`);
  }
  return contestants.map(({ name }, i) => ({
    name,
    seconds: Number(median(seconds[i]).toFixed(3)),
    fastest: Number(Math.min(...seconds[i]).toFixed(3)),
    // Ratios within a round, so that slow moments of the machine cancel.
    ratio: Number(median(seconds[i].map((taken, round) => taken / seconds[0][round])).toFixed(2)),
  }));
}

/**
 * Like `compete`, for contestants that are functions.
 * @param {{name: string, measure: () => number | Promise<number>}[]} contestants ours first; `measure` gives seconds
 * @returns {Promise<object[]>} medians and quartiles of the seconds, and of the ratio to ours in the same round
 */
export async function competeInTurn(contestants, rounds) {
  const seconds = contestants.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, { measure }] of contestants.entries()) {
      const taken = await measure();
      if (round >= 0) seconds[i].push(taken);
    }
  }
  const summary = (values) => [0.5, 0.25, 0.75].map((q) => Number(quantile(values, q).toPrecision(4)));
  return contestants.map(({ name }, i) => {
    const [middle, low, high] = summary(seconds[i]);
    const [ratio, ratioLow, ratioHigh] = summary(seconds[i].map((taken, round) => taken / seconds[0][round]));
    return { name, seconds: middle, quartiles: [low, high], ratio, ratioQuartiles: [ratioLow, ratioHigh] };
  });
}

/** Prints the tables of a result and writes it. @param path its file; null for a trial, which is only printed */
export function publish(record, path) {
  console.log(formatResult(record));
  save(record, path);
}

/** Writes a whole result to its file. @param path null for a trial, which is not written */
export function save(record, path) {
  if (path === null) return;
  writeFileSync(`${path}.part`, `${JSON.stringify(record, null, 2)}\n`);
  renameSync(`${path}.part`, path);
}

/**
 * A result measured in parts, each saved when it is ready. Existing parts stay in the file until they are measured again,
 * unless machine, versions or sizes differ.
 * @param about the circumstances: machine, versions, sizes
 * @param parts the empty parts
 */
export function continueResult(path, about, parts) {
  const known = path !== null && existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  const same = Object.entries(about).every(([key, value]) => isDeepStrictEqual(known[key], value));
  return same ? { ...parts, ...known } : { ...about, load: [0, 0], ...parts };
}

/** Adds the loads before and after a measurement to a result; the highest is kept. */
export function addLoad(record, before) {
  record.load = [before, load()].map((value, k) => Math.max(value, record.load[k]));
}

/** The first line of a command's output. */
export function version(command, ...args) {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  return (run.stdout || run.stderr || '').trim().split('\n')[0];
}
