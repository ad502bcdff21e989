import { createInterface } from 'node:readline/promises';
import { UNITS, type Units } from '../../raster/units.js';
import { initScene, type SceneInitReport } from '../../workflow/index.js';
import { parseChoice, parsePair } from '../arguments.js';
import { argumentList, converted, defineCommand, defineGroup, list, option } from '../command.js';
import { GRID_OPTIONS, outputOption } from '../shared-options.js';

const { crs, resolution, bounds, like } = GRID_OPTIONS;

const initCommand = defineCommand(
  'init',
  'write a scene file for rasters, and print what was assumed about them',
  {
    files: argumentList(
      '<files...>',
      'rasters; INPUT=FILE, INPUT@PHASE=FILE or INPUT@PHASE:BAND,BAND=FILE gives input, phase and bands (phase static: all phases)',
    ),
    output: outputOption('<file>', 'scene file to write'),
    units: converted(
      list(
        '--units <input=units...>',
        'units of inputs, such as S2L2A=dn_harmonised (default: derived from the values)',
      ),
      (texts, name) =>
        Object.fromEntries(
          texts.map((text) => {
            const [input, units] = parsePair('UNITS')(text, name);
            return [input, parseChoice(UNITS)(units, name)];
          }),
        ),
    ),
    phases: converted(
      list(
        '--phases <phase=date...>',
        'phases from first to last; a file belongs to the nearest date (default: its own date)',
      ),
      (texts, name) => Object.fromEntries(texts.map((text) => parsePair('DATE')(text, name))),
    ),
    like: { ...like, help: 'raster whose grid the scene has (default: the raster with the smallest pixels)' },
    crs,
    resolution,
    bounds,
    model: option(
      '--model <model>',
      'model that the scene is for: sets the order and the phases, and names inputs that the files lack',
    ),
    id: option('--id <name>', 'id of the scene'),
  },
  async (values, { output, ...operation }) => {
    const isTerminal = process.stdin.isTTY === true && process.stderr.isTTY === true;
    const askUnits = isTerminal ? askOnTerminal(operation.signal) : undefined;
    const report = await initScene({ ...values, askUnits, ...operation });
    output.result(report, describe(report));
  },
);

export const sceneCommand = defineGroup(
  'scene',
  'write scene files, which list the rasters of a place',
  initCommand,
);

function describe({ path, phases, inputs }: SceneInitReport): string {
  const lines = Object.entries(inputs).map(
    ([name, { units, bands, files }]) =>
      `  ${name}: ${bands.join(', ')} in ${units}, of ${files} ${files === 1 ? 'file' : 'files'}`,
  );
  return [`${path}: ${phases.length === 0 ? 'no phases' : `phases ${phases.join(', ')}`}`, ...lines].join(
    '\n',
  );
}

/** Asks for the units of an input until the answer is one of the choices. */
function askOnTerminal(signal: AbortSignal) {
  return async (input: string, choices: readonly Units[]): Promise<Units> => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      for (;;) {
        const question = `Units of ${input} (${choices.join(', ')}): `;
        const answer = (await terminal.question(question, { signal })).trim();
        const units = choices.find((each) => each === answer);
        if (units !== undefined) return units;
      }
    } finally {
      terminal.close();
    }
  };
}
