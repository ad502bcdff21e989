/** Writes the scene file of some rasters. */
import { invalidInput, invalidOption } from '../errors.js';
import { type Bounds, Crs, TimeInterval } from '../geo/index.js';
import { readModelSpec } from '../inference/node/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { writeJson } from '../io/node/output.js';
import { validateStrictly } from '../json.js';
import type { OperationOptions } from '../progress.js';
import { openRaster, type Raster } from '../raster/node/index.js';
import { UNITS, type Units } from '../raster/units.js';
import { placed } from './acquire/manifest.js';
import { dateOf } from './file-hints.js';
import { metresPerPixel } from './picture/sheet.js';
import { SCENE_SCHEMA_VERSION, SceneSchema } from './scene.js';
import { bandsOf, type FileBand, Notes, parseFile, phaseDeclared, STATIC } from './scene-files.js';
import { type DraftInput, sceneForModel } from './scene-for-model.js';

/** The rasters of a scene, and what they do not declare. */
export interface SceneInitOptions extends OperationOptions {
  /**
   * Paths or URLs of rasters. `INPUT=FILE`, `INPUT@PHASE=FILE` and `INPUT@PHASE:BAND,BAND=FILE` say what a file is; the
   * phase `static` is for inputs without phases.
   */
  readonly files: readonly string[];
  /** The scene file to write; it names rasters relative to itself. */
  readonly output: string;
  /** The units of inputs, by name. */
  readonly units?: Readonly<Record<string, Units>>;
  /** The dates of phases by name, first to last: each file belongs to the phase whose date is nearest to its own. */
  readonly phases?: Readonly<Record<string, string>>;
  /** A raster whose grid is that of the map (default, without `crs`: the raster with the smallest pixels). */
  readonly like?: string;
  /** The reference system of the map's grid, with `resolution`. */
  readonly crs?: string;
  /** The size of a pixel of the map's grid, in units of `crs`. */
  readonly resolution?: number;
  /** x0, y0, x1, y1 in `crs` (default: what the rasters cover). */
  readonly bounds?: Bounds;
  /**
   * The folder of the scene's model, or the name of a bundled one. One error lists all that the files lack. Inputs, phases
   * and bands get the model's order; phases get its names if their number is the model's.
   */
  readonly model?: string;
  /** A name of the scene. */
  readonly id?: string;
  /** Called for the units of an input if they are unknown. Without it, such inputs are an error. */
  readonly askUnits?: (input: string, choices: readonly Units[]) => Promise<Units>;
}

/** The scene file that was written. */
export interface SceneInitReport {
  path: string;
  phases: string[];
  /** The bands and files of each input, by its name. */
  inputs: Record<string, { units: Units; bands: string[]; files: number }>;
  /** What was assumed of the files, a sentence each. `onProgress` receives each as a warning too. */
  assumed: string[];
}

/** The phase of rasters without a date, and of those of a single date, as single-phase models name it. */
const ONLY_PHASE = 'event';

/**
 * Writes a scene file from rasters: their inputs, bands and dates come from the files, their names or the options.
 * @throws {TerrachipError} INVALID_INPUT for a raster that is not known to be an input, has unnamed bands or no
 * georeference, for values that its units cannot have, and where the files lack what `model` needs; INVALID_OPTION for
 * unknown units
 */
export async function initScene(options: SceneInitOptions): Promise<SceneInitReport> {
  const { output, signal } = options;
  const declared = options.files.map(parseFile);
  const paths = declared.map(({ path }) => path);
  await requireOutput(output, { formats: ['JSON'], inputs: paths });
  const model = options.model === undefined ? null : await readModelSpec(options.model);
  const notes = new Notes();
  const found: FoundFile[] = [];
  for (const file of declared) {
    await using raster = await openRaster(file.path, { signal });
    const bands = await bandsOf(raster, file, options.units ?? {}, notes, signal);
    const date = dateOf(raster);
    const phase = phaseDeclared(file, bands[0].input, date);
    found.push({ path: file.path, bands, phase, date, metres: pixelSize(raster) });
  }
  const phases = phasesOf(found, options.phases, notes);
  const rows = found.flatMap(({ bands }, k) => bands.map((band) => ({ ...band, phase: phases.of[k] })));
  const units = await unitsOf(rows, options);
  const draft = { phases: phases.names, inputs: inputsOf(rows, units, output, notes) };
  const shown = model === null ? draft : sceneForModel(draft, model, notes);
  const document = validateStrictly(
    SceneSchema,
    {
      schemaVersion: SCENE_SCHEMA_VERSION,
      ...(options.id === undefined ? {} : { id: options.id }),
      grid: gridOf(options, found, notes),
      ...shown,
    },
    output,
  );
  await writeJson(output, document);
  for (const message of notes.all) options.onProgress?.({ type: 'warning', message });
  const summary = Object.keys(shown.inputs).map((input) => {
    const own = rows.filter((row) => row.input === input);
    const bands = [...new Set(own.map(({ band }) => band))];
    return [input, { units: units[input], bands, files: new Set(own.map(({ href }) => href)).size }] as const;
  });
  return { path: output, phases: [...shown.phases], inputs: Object.fromEntries(summary), assumed: notes.all };
}

interface FoundFile {
  readonly path: string;
  readonly bands: readonly FileBand[];
  /** As declared; null where the date decides. */
  readonly phase: string | null;
  readonly date: string | null;
  /** Width of a pixel on the ground; infinite without a place. */
  readonly metres: number;
}

interface Row extends FileBand {
  readonly phase: string;
}

function pixelSize({ geobox }: Raster): number {
  const metres = geobox === null ? Number.NaN : metresPerPixel(geobox);
  return metres > 0 ? metres : Infinity;
}

/** The phases in order, and the phase of each file. */
function phasesOf(
  files: readonly FoundFile[],
  given: Readonly<Record<string, string>> | undefined,
  notes: Notes,
): { names: string[]; of: string[] } {
  const dates = new Set(files.filter(({ phase }) => phase === null).map(({ date }) => date));
  const of = files.map(({ path, phase, date }) => {
    if (phase !== null) return phase;
    if (given !== undefined && date !== null) {
      const nearest = nearestPhase(given, date);
      notes.add(`it shows the phase ${nearest}, whose date is nearest`, path);
      return nearest;
    }
    if (dates.size === 1 || date === null) {
      notes.add(`it shows the phase ${ONLY_PHASE}`, path);
      return ONLY_PHASE;
    }
    notes.add(`its date ${date} is its phase (\`phases\` names phases)`, path);
    return date;
  });
  const dateOfPhase = (name: string): string =>
    files.flatMap(({ date }, k) => (of[k] === name && date !== null ? [date] : [])).sort()[0] ?? '';
  const used = [...new Set(of)].filter((name) => name !== STATIC);
  const order = Object.keys(given ?? {});
  const names = used.every((name) => order.includes(name))
    ? order.filter((name) => used.includes(name))
    : used.sort((a, b) => dateOfPhase(a).localeCompare(dateOfPhase(b)));
  return { names, of };
}

function nearestPhase(phases: Readonly<Record<string, string>>, date: string): string {
  const time = Date.parse(date);
  const distances = Object.entries(phases).map(([name, of]) => {
    return { name, distance: Math.abs(TimeInterval.parse(of).start - time) };
  });
  return distances.reduce((a, b) => (b.distance < a.distance ? b : a)).name;
}

/** The grid of the map. */
function gridOf(
  { like, crs, resolution, bounds, output }: SceneInitOptions,
  files: readonly FoundFile[],
  notes: Notes,
): Record<string, unknown> {
  if (like !== undefined) return { like: placed(like, output) };
  if (crs !== undefined) {
    if (resolution === undefined) throw invalidOption('resolution', 'is missing beside `crs`', 'give both');
    return {
      crs: Crs.parse(crs).epsg === null ? crs : `EPSG:${Crs.parse(crs).epsg}`,
      resolution,
      ...(bounds && { bounds }),
    };
  }
  const finest = files.reduce((a, b) => (b.metres < a.metres ? b : a));
  if (finest.metres === Infinity) {
    throw invalidInput(
      finest.path,
      'has no place, and neither have the others',
      'give `crs` and `resolution`, or `like`',
    );
  }
  notes.add(
    `the grid is that of ${finest.path}, whose pixels of ${Number(finest.metres.toPrecision(3))} m are the smallest (\`like\`, \`crs\` and \`resolution\` say another)`,
  );
  return { like: placed(finest.path, output) };
}

/** Asks for units that are unknown. */
const CHOICES: Readonly<Record<string, readonly Units[]>> = {
  S1RTC: ['linear_power', 'dB'],
  S2L2A: ['dn_harmonised', 'dn_offset_1000', 'reflectance'],
  S2L1C: ['dn_harmonised', 'dn_offset_1000', 'reflectance'],
};

/** The units of each input: of its first band, where bands differ. */
async function unitsOf(
  rows: readonly Row[],
  { units, askUnits }: SceneInitOptions,
): Promise<Record<string, Units>> {
  const names = [...new Set(rows.map(({ input }) => input))];
  const unknown = Object.keys(units ?? {}).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw invalidOption('units', `names ${unknown}, but no file has this input`, `name ${names.join(', ')}`);
  }
  const result: Record<string, Units> = {};
  for (const name of names) {
    const own = rows.filter(({ input }) => input === name).map((row) => row.units);
    const [first] = own;
    if (first !== null && !own.includes(null)) {
      result[name] = first;
      continue;
    }
    const choices = CHOICES[name] ?? UNITS;
    if (askUnits === undefined) {
      const words = choices.map((each) => `${name}=${each}`);
      throw invalidOption(
        'units',
        `must say the units of ${name}, since its values fit several`,
        `give ${words.join(' or ')}`,
      );
    }
    result[name] = await askUnits(name, choices);
  }
  return result;
}

function inputsOf(
  rows: readonly Row[],
  units: Readonly<Record<string, Units>>,
  output: string,
  notes: Notes,
): Record<string, DraftInput<TiledSource>> {
  const inputs: Record<string, DraftInput<TiledSource>> = {};
  for (const [name, common] of Object.entries(units)) {
    const images: Record<string, Record<string, TiledSource>> = {};
    for (const row of rows.filter(({ input }) => input === name)) {
      const differs = row.units !== null && row.units !== common ? { units: row.units } : {};
      const source = { href: placed(row.href, output), band: row.number, ...differs };
      images[row.phase] ??= {};
      const image = images[row.phase];
      const first = image[row.band];
      image[row.band] = first === undefined ? source : { ...first, tiles: [...(first.tiles ?? []), source] };
      if (first !== undefined) {
        const phase = row.phase === STATIC ? '' : ` of ${row.phase}`;
        notes.add(`the files of ${name}${phase} are tiles: the first that has data counts`);
      }
    }
    const { [STATIC]: fixed, ...phases } = images;
    const isTemporal = Object.keys(phases).length > 0;
    inputs[name] = { units: common, ...(isTemporal && { phases }), ...(fixed && { static: fixed }) };
  }
  return inputs;
}

interface Source {
  readonly href: string;
  readonly band: number;
  readonly units?: Units;
}

interface TiledSource extends Source {
  readonly tiles?: readonly Source[];
}
