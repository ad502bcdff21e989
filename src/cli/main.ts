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
import { inFlagsOf, type Rephrase } from './flags.js';
import { Output, watchOutputs } from './output.js';
import { printable } from './printable.js';
import { resumeCommand } from './resume.js';

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

/** The module of a command is loaded when the command runs, and for the help. In the order of the help. */
const COMMANDS: Readonly<Record<string, () => Promise<(run: Run) => Command>>> = {
  doctor: async () => (await import('./commands/doctor.js')).doctorCommand,
  info: async () => (await import('./commands/info.js')).infoCommand,
  warp: async () => (await import('./commands/warp.js')).warpCommand,
  calc: async () => (await import('./commands/calc.js')).calcCommand,
  zonal: async () => (await import('./commands/zonal.js')).zonalCommand,
  catalog: async () => (await import('./commands/catalog.js')).catalogCommand,
  copernicus: async () => (await import('./commands/copernicus.js')).copernicusCommand,
  stac: async () => (await import('./commands/stac.js')).stacCommand,
  rapidai4eo: async () => (await import('./commands/rapidai4eo.js')).rapidAi4EoCommand,
  'land-cover': async () => (await import('./commands/land-cover.js')).landCoverCommand,
  acquire: async () => (await import('./commands/acquire.js')).acquireCommand,
  scene: async () => (await import('./commands/scene.js')).sceneCommand,
  package: async () => (await import('./commands/package.js')).packageCommand,
  model: async () => (await import('./commands/model.js')).modelCommand,
  plan: async () => (await import('./commands/jobs.js')).planCommand,
  infer: async () => (await import('./commands/infer.js')).inferCommand,
  submit: async () => (await import('./commands/jobs.js')).submitCommand,
  missing: async () => (await import('./commands/jobs.js')).missingCommand,
  finalize: async () => (await import('./commands/jobs.js')).finalizeCommand,
  embed: async () => (await import('./commands/embed.js')).embedCommand,
  evaluate: async () => (await import('./commands/evaluate.js')).evaluateCommand,
  quicklook: async () => (await import('./commands/quicklook.js')).quicklookCommand,
  view: async () => (await import('./commands/view.js')).viewCommand,
  report: async () => (await import('./commands/report.js')).reportCommand,
  polygonize: async () => (await import('./commands/polygonize.js')).polygonizeCommand,
  rasterize: async () => (await import('./commands/rasterize.js')).rasterizeCommand,
  cp: async () => (await import('./commands/copy.js')).copyCommand,
  ls: async () => (await import('./commands/copy.js')).listCommand,
  demo: async () => (await import('./commands/demo.js')).demoCommand,
  bench: async () => (await import('./commands/bench.js')).benchCommand,
};

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
    .description('Turn satellite scenes into maps with a geospatial foundation model, on the GPU.')
    .version(VERSION)
    .configureHelp({ showGlobalOptions: true })
    .configureOutput(usageErrors('terrachip'))
    .exitOverride();
  let rephrase: Rephrase = (message) => message;
  let canResume = false;
  const run: Run = async (command, task) => {
    const { json, leastRate, cache } = command.optsWithGlobals<{
      json?: boolean;
      leastRate?: number;
      cache?: string;
    }>();
    if (leastRate !== undefined) setLeastRate(leastRate);
    setDefaultAccess(accessOf(process.env, homedir()));
    rephrase = inFlagsOf(command);
    canResume = command.options.some(({ long }) => long === '--resume');
    setDefaultCache(await cacheOf(cache, process.env));
    const output = new Output(json === true, rephrase);
    await task({ output, signal: stops.signal, onProgress: output.onProgress });
  };
  const named = Object.hasOwn(COMMANDS, args[0] ?? '') ? [COMMANDS[args[0]]] : Object.values(COMMANDS);
  for (const load of named) program.addCommand((await load())(run));
  for (const command of program.commands.flatMap((each) => [each, ...each.commands])) {
    const { parent } = command;
    const names = [program, ...(parent === program ? [] : [parent]), command].map((each) => each?.name());
    command
      .option('--json', 'print one JSON document on stdout')
      .option('--debug', 'print the stack trace of an error')
      .option(
        '--least-rate <bytes>',
        'give up on a server that sends fewer bytes per second for 10 s; 0 for never (default: 100)',
        (text: string) => parseCount(0)(text, '--least-rate'),
      )
      .option(
        '--cache <folder>',
        'folder to cache data from servers (default: TERRACHIP_CACHE, else no cache)',
      )
      .configureOutput(usageErrors(names.join(' ')))
      .exitOverride();
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args, rephrase);
    if (stops.first === null) return;
    process.exitCode = STOPS[stops.first];
    if (canResume) new Output(false).note(`to go on: ${resumeCommand(process.argv, args)}`);
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
