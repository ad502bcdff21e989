// Times contestants in turn and describes the machine.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { machine } from '../dist/workflow/bench/machine.js';
import { median, quantile, timeTask } from '../dist/workflow/bench/measure.js';
import { formatResult } from './tables.js';

export { machine, median, timeTask };

/** The number of rounds among the arguments of a script. */
export function roundsIn(args, otherwise) {
  return Number(args.find((arg) => /^\d+$/.test(arg)) ?? otherwise);
}

/** Load average of one minute, to see whether something else was running. */
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
    // Ratios of the same round, so that slow moments of the machine cancel.
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

/** Prints the tables of a result, and records it. @param path its file, or null for a trial that is only printed */
export function publish(record, path) {
  console.log(formatResult(record));
  if (path !== null) writeFileSync(path, `${JSON.stringify(record, null, 2)}\n`);
}

/** The first line of a command's output. */
export function version(command, ...args) {
  const run = spawnSync(command, args, { encoding: 'utf8' });
  return (run.stdout || run.stderr || '').trim().split('\n')[0];
}
