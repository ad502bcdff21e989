/** Inputs, bands and dates of rasters for a scene, from the files, their names and options. */
import { basename } from 'node:path';
import { invalidInput } from '../errors.js';
import { isFloat } from '../geo/index.js';
import { checkPlausible, type Raster } from '../raster/node/index.js';
import type { Units } from '../raster/units.js';
import { sampleBand } from './band-checks.js';
import { bandHint, radarUnits } from './file-hints.js';

/** A band of a file in the scene. */
export interface FileBand {
  readonly href: string;
  readonly number: number;
  readonly input: string;
  readonly band: string;
  /** Null if unknown. */
  readonly units: Units | null;
}

/** What was assumed: each note once, with the files that it is about. */
export class Notes {
  readonly #files = new Map<string, Set<string>>();

  /** @param path the file that the note is about; empty for none */
  add(note: string, path = ''): void {
    this.#files.set(note, (this.#files.get(note) ?? new Set()).add(path));
  }

  get all(): string[] {
    return [...this.#files].map(([note, files]) => {
      const [first] = files;
      const more = files.size > 1 ? ` and ${files.size - 1} more` : '';
      return `${first === '' ? '' : `${first}${more}: `}assumed that ${note}`;
    });
  }
}

/** A file, and its input, phase and bands as the option gives them. */
export interface DeclaredFile {
  readonly path: string;
  readonly input: string | null;
  readonly phase: string | null;
  readonly bands: readonly string[] | null;
}

export function parseFile(text: string): DeclaredFile {
  const [, input, phase, bands, path] =
    /^([A-Za-z][\w-]*)(?:@([\w-]+))?(?::([\w,-]+))?=(.+)$/.exec(text) ?? [];
  if (path === undefined) return { path: text, input: null, phase: null, bands: null };
  return { path, input, phase: phase ?? null, bands: bands?.split(',') ?? null };
}

/** The phase of inputs without phases. */
export const STATIC = 'static';

/** Inputs that have an image a phase. */
const TEMPORAL: readonly string[] = ['S1RTC', 'S2L2A', 'S2L1C', 'S1GRD', 'SCL'];

/** The phase that the option names; `static` for an input without phases; null where the date decides. */
export function phaseDeclared({ phase }: DeclaredFile, input: string, date: string | null): string | null {
  if (phase !== null) return phase;
  return input === 'DEM' || (date === null && !TEMPORAL.includes(input)) ? STATIC : null;
}

/** Names of the bands of files that have none, in the order of the products. */
const ORDERS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  S1RTC: [['VV', 'VH']],
  S2L2A: [['B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B09', 'B11', 'B12']],
  S2L1C: [['B01', 'B02', 'B03', 'B04', 'B05', 'B06', 'B07', 'B08', 'B8A', 'B09', 'B10', 'B11', 'B12']],
};

/**
 * The bands of a raster by input.
 * @param declared units by input
 * @throws {TerrachipError} INVALID_INPUT for bands that are not known, and values that their units cannot have
 */
export async function bandsOf(
  raster: Raster,
  file: DeclaredFile,
  declared: Readonly<Record<string, Units>>,
  notes: Notes,
  signal?: AbortSignal,
): Promise<FileBand[]> {
  const hints = raster.bands.map(({ description }) => bandHint(raster, description ?? ''));
  const names = bandNames(
    raster,
    file,
    hints.map((hint) => hint?.band ?? null),
    notes,
  );
  // Level-2A has no B10.
  const isLevel1 = names.includes('B10') || /L1C/.test(basename(raster.name));
  const bands: FileBand[] = [];
  for (const [k, band] of names.entries()) {
    const hinted = hints[k]?.input ?? null;
    const input = file.input ?? (hinted === 'S2L2A' && isLevel1 ? 'S2L1C' : hinted);
    if (input === null) {
      const problem = `does not say which input its band ${band} belongs to`;
      throw invalidInput(file.path, problem, `write INPUT=${file.path}, such as S2L2A=${file.path}`);
    }
    if (file.input === null) {
      notes.add(`it is ${input}, as ${input === 'DEM' ? 'its name says' : 'its bands are named'}`, file.path);
    }
    const values = await sampleBand(raster, raster.bands[k], signal);
    const known = declared[input] ?? null;
    const units = known ?? unitsHint(input, raster, k, values);
    if (units !== null) checkPlausible(units, values, `${file.path}: ${band}`);
    if (known === null && units !== null) {
      const reason = input === 'DEM' || input === 'SCL' ? 'as is usual' : 'as its values are';
      notes.add(`its ${input} is in ${units}, ${reason}`, file.path);
    }
    bands.push({ href: file.path, number: k + 1, input, band, units });
  }
  return bands;
}

function bandNames(
  raster: Raster,
  { path, input, bands }: DeclaredFile,
  hinted: readonly (string | null)[],
  notes: Notes,
): readonly string[] {
  const count = raster.bands.length;
  if (bands !== null) {
    if (bands.length === count) return bands;
    throw invalidInput(path, `has ${count} bands, and ${bands.length} are named`, 'name each, in order');
  }
  const named = hinted.filter((name) => name !== null);
  if (named.length === count && new Set(named).size === count) return named;
  const order = ORDERS[input ?? '']?.find((names) => names.length === count);
  if (order !== undefined) {
    notes.add(`its bands are ${order.join(', ')}, in this order`, path);
    return order;
  }
  if (count === 1 && input !== null) return [input];
  const remedy = `write ${input ?? 'INPUT'}:NAME,NAME=${path}, a name for each band`;
  throw invalidInput(
    path,
    `has ${count} ${count === 1 ? 'band' : 'bands'} without names of their own`,
    remedy,
  );
}

/** The units that values show; null where several are possible. */
function unitsHint(input: string, raster: Raster, k: number, values: Float64Array): Units | null {
  if (input === 'SCL') return 'class';
  if (input === 'DEM') return 'm';
  if (input === 'S1RTC') return radarUnits(values);
  const isReflectance =
    /^S2/.test(input) && isFloat(raster.bands[k].dtype) && values.some((value) => value !== 0);
  return isReflectance && values.every((value) => value <= 2) ? 'reflectance' : null;
}
