/** The command line: parsing and printing, nothing else. */
import { homedir } from 'node:os';
import { Command, CommanderError, type OutputConfiguration } from 'commander';
import { invalidInput, isError, isTerrachipError, messageOf } from '../errors.js';
import { setDefaultAccess } from '../io/access.js';
import { setDefaultCache } from '../io/cache.js';
import { setLeastRate } from '../io/exchange.js';
import { writeError } from '../io/node/output.js';
import { removeAllTemporaries } from '../io/node/temporaries.js';
import { VERSION } from '../version.js';
import { accessOf, cacheOf } from './access.js';
import { parseCount } from './arguments.js';
import type { Run } from './command.js';
import { acquireCommand } from './commands/acquire.js';
import { benchCommand } from './commands/bench.js';
import { calcCommand } from './commands/calc.js';
import { catalogCommand } from './commands/catalog.js';
import { copernicusCommand } from './commands/copernicus.js';
import { copyCommand, listCommand } from './commands/copy.js';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { embedCommand } from './commands/embed.js';
import { evaluateCommand } from './commands/evaluate.js';
import { finalizeCommand, inferCommand, missingCommand } from './commands/infer.js';
import { infoCommand } from './commands/info.js';
import { landCoverCommand } from './commands/land-cover.js';
import { modelCommand } from './commands/model.js';
import { packageCommand } from './commands/package.js';
import { polygonizeCommand } from './commands/polygonize.js';
import { quicklookCommand } from './commands/quicklook.js';
import { rapidAi4EoCommand } from './commands/rapidai4eo.js';
import { rasterizeCommand } from './commands/rasterize.js';
import { stacCommand } from './commands/stac.js';
import { warpCommand } from './commands/warp.js';
import { inFlagsOf, type Rephrase } from './flags.js';
import { Output, watchOutputs } from './output.js';
import { printable } from './printable.js';

/** Commander's complaints about a command, as one sentence like all others. */
const usageErrors = (command: string): OutputConfiguration => ({
  outputError: (text, write) => {
    const [problem, suggestion] = text
      .replace(/^error: /, '')
      .trim()
      .split('\n');
    write(
      `terrachip: ${printable(problem)}${suggestion === undefined ? '' : ` ${printable(suggestion)}`}; see ${command} --help.\n`,
    );
  },
});

/** In the order of the help. */
const COMMANDS = [
  doctorCommand,
  infoCommand,
  warpCommand,
  calcCommand,
  catalogCommand,
  copernicusCommand,
  stacCommand,
  rapidAi4EoCommand,
  landCoverCommand,
  acquireCommand,
  packageCommand,
  modelCommand,
  inferCommand,
  missingCommand,
  finalizeCommand,
  embedCommand,
  evaluateCommand,
  quicklookCommand,
  polygonizeCommand,
  rasterizeCommand,
  copyCommand,
  listCommand,
  demoCommand,
  benchCommand,
];

const EXIT_USAGE = 2;

/** What stops a command, and the exit status that shells give for it: 128 and the number of the signal. */
const STOPS = { SIGINT: 130, SIGTERM: 143 } as const;
type Stop = keyof typeof STOPS;

/**
 * Aborts a command at the first signal, so that it ends in order. A second one ends the process at once, as the signal
 * does by itself: to leave in order would wait for what is under way. Both leave no temporary files.
 */
class Stops {
  readonly #abort = new AbortController();
  /** The signal that came first; null for none so far. */
  first: Stop | null = null;

  constructor() {
    for (const name of Object.keys(STOPS)) process.on(name, this.#stop);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  readonly #stop = (name: Stop): void => {
    if (this.first === null) {
      this.first = name;
      this.#abort.abort(new Error(name === 'SIGINT' ? 'interrupted' : `stopped by ${name}`));
      return;
    }
    removeAllTemporaries();
    this[Symbol.dispose]();
    process.kill(process.pid, name);
  };

  [Symbol.dispose](): void {
    for (const name of Object.keys(STOPS)) process.removeListener(name, this.#stop);
  }
}

/** Parses arguments, runs a command, and sets the exit status. */
export async function main(args: readonly string[]): Promise<void> {
  watchOutputs();
  using stops = new Stops();
  const program = new Command('terrachip')
    .description('Turns satellite scenes into maps with a geospatial foundation model, on the GPU.')
    .version(VERSION)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(usageErrors('terrachip'))
    .exitOverride();
  let rephrase: Rephrase = (message) => message;
  const run: Run = async (command, task) => {
    const { json, leastRate, cache } = command.optsWithGlobals<{
      json?: boolean;
      leastRate?: number;
      cache?: string;
    }>();
    if (leastRate !== undefined) setLeastRate(leastRate);
    setDefaultAccess(accessOf(process.env, homedir()));
    rephrase = inFlagsOf(command);
    setDefaultCache(await cacheOf(cache, process.env));
    const output = new Output(json === true, rephrase);
    await task({ output, signal: stops.signal, onProgress: output.onProgress });
  };
  for (const define of COMMANDS) program.addCommand(define(run));
  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    const { parent } = command;
    const names = [program, ...(parent === program ? [] : [parent]), command].map((each) => each?.name());
    command
      .option('--json', 'print one JSON document on stdout')
      .option('--debug', 'print the stack of an error')
      .option(
        '--least-rate <bytes>',
        'bytes a second below which a server is given up after 10 s, 0 for never (default: 100)',
        (text: string) => parseCount(0)(text, '--least-rate'),
      )
      .option(
        '--cache <folder>',
        'keep what is read of servers there (default: TERRACHIP_CACHE, else nothing)',
      )
      .configureOutput(usageErrors(names.join(' ')))
      .exitOverride();
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args, rephrase);
    if (stops.first !== null) process.exitCode = STOPS[stops.first];
  }
}

/** Prints an error as one sentence, and returns the exit status it deserves. */
function report(thrown: unknown, args: readonly string[], rephrase: Rephrase): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
  const error = ofSystem(thrown);
  const output = new Output(args.includes('--json'));
  const known = isTerrachipError(error);
  const option = isTerrachipError(error, 'INVALID_OPTION') ? error.fields.option : undefined;
  const message = rephrase(messageOf(error), option);
  output.error(message);
  if (args.includes('--debug') && isError(error)) output.stack(error);
  if (output.json) {
    const description = known ? { code: error.code, ...error.fields } : { code: 'INTERNAL' };
    const named = option === undefined ? {} : { option: rephrase(`${option} `, option).trimEnd() };
    output.result({ error: { ...description, ...named, message } }, '');
  }
  return known ? error.exitStatus : 1;
}

/** Errors of Node that say too little: a full disk wherever it was met, and an address that is none. */
function ofSystem(thrown: unknown): unknown {
  const { code, path, input } = isError(thrown)
    ? thrown
    : { code: undefined, path: undefined, input: undefined };
  if (code === 'ERR_INVALID_URL') return invalidInput(String(input), 'is no valid URL', 'correct it', thrown);
  return code === 'ENOSPC' || code === 'EDQUOT'
    ? writeError(typeof path === 'string' ? path : 'a file', thrown)
    : thrown;
}
