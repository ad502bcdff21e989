import type { BenchReport } from '../../workflow/bench/bench.js';
import type { BenchResult, Comparison } from '../../workflow/bench/result.js';
import { BENCH_SUITES } from '../../workflow/choices.js';
import { parseChoice, parseCount, parseNumber } from '../arguments.js';
import { defineCommand, flag, list, option } from '../command.js';
import { EXECUTION_OPTIONS } from '../map-options.js';
import { THREADS } from '../shared-options.js';

/** The exit status where a case is slower than the baseline. */
const SLOWER = 4;

export const benchCommand = defineCommand(
  'bench',
  'measure the speed of this machine on made-up inputs, and compare it with a saved result',
  {
    suites: list(
      '[suites...]',
      `suites to run: ${BENCH_SUITES.join(', ')} (default: all)`,
      parseChoice(BENCH_SUITES),
    ),
    rounds: option('--rounds <n>', 'runs of each case after a warm-up (default 5)', parseCount()),
    quick: flag('--quick', 'small inputs, no warm-up and one round, to try the command; not for results'),
    ...EXECUTION_OPTIONS,
    threads: THREADS,
    output: option('-o, --output <file>', 'save the result as JSON'),
    baseline: option('--baseline <file>', 'saved result to compare with'),
    threshold: option(
      '--threshold <share>',
      'least relative difference of medians from --baseline that counts (default 0.1)',
      parseNumber,
    ),
  },
  async (values, { output, ...operation }) => {
    const { runBench } = await import('../../workflow/bench/bench.js');
    const report = await runBench({ ...values, ...operation });
    output.result(report, describeBench(report));
    if (report.comparison !== null && report.comparison.slower.length > 0) process.exitCode = SLOWER;
  },
  {
    after: `
Each case runs once to warm up; medians and quartiles are of the rounds after that. A case is slower than the baseline
if its median is longer by more than --threshold and its lower quartile is above the baseline's upper one.
The exit status is ${SLOWER} if a case is slower.`,
  },
);

/** The result in Markdown. */
function describeBench({ result, comparison }: BenchReport): string {
  const { machine, backend, adapter, load } = result;
  const versions = Object.entries(result.versions).map(([name, version]) => `${name} ${version}`);
  const lines = [
    `# terrachip ${result.terrachip}, ${result.date}`,
    '',
    `- ${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}`,
    `- backend ${backend.kind} on ${backend.adapter} (${backend.adapterClass})${adapter === null ? '' : `, ${adapter.device}, driver ${adapter.driver}`}`,
    `- ${versions.join(', ')}`,
    `- rounds: ${result.rounds}; load average ${load.before} before, ${load.after} after${result.quick ? '; small inputs: no result to quote' : ''}`,
  ];
  for (const { name, results } of result.suites) {
    lines.push('', `| ${name} | median s | quartiles | a second |`, '|---|---|---|---|', ...results.map(row));
  }
  if (comparison !== null) lines.push('', ...describeComparison(comparison));
  return lines.join('\n');
}

function row({ name, seconds, quartiles, amount, unit, parts }: BenchResult): string {
  const stages = Object.entries(parts ?? {}).map(([stage, taken]) => `${stage} ${digits(taken)}`);
  const title = stages.length === 0 ? name : `${name} (${stages.join(', ')})`;
  return `| ${title} | ${digits(seconds)} | ${quartiles.map(digits).join(' to ')} | ${digits(amount / seconds)} ${unit} |`;
}

function describeComparison({ baseline, slower, faster, missing, differences }: Comparison): string[] {
  const changes = [
    ...slower.map((change) => ['slower', change] as const),
    ...faster.map((change) => ['faster', change] as const),
  ];
  const rows = changes.map(
    ([what, { suite, name, seconds, baselineSeconds, ratio }]) =>
      `| ${what} | ${suite}: ${name} | ${digits(baselineSeconds)} | ${digits(seconds)} | ${ratio} |`,
  );
  return [
    ...(rows.length === 0
      ? [`Nothing is slower or faster than in ${baseline}.`]
      : [`| than ${baseline} | case | baseline s | now s | ratio |`, '|---|---|---|---|---|', ...rows]),
    ...differences.map((difference) => `- not the same: ${difference}`),
    ...missing.map((name) => `- only in the baseline: ${name}`),
  ];
}

/** Three significant digits, without an exponent. */
function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value === 0 ? '0' : String(Number(value.toPrecision(3)));
}
