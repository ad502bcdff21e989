/**
 * The form of the published flood notebooks (LuxProvide, SCynergy2026-GeoAI, notebook 2): names of files, and their
 * document as a scene.
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { invalidInput } from '../../errors.js';
import { memberOf } from '../../json/keys.js';
import { dictionary, isMembers, type Members, validateStrictly } from '../../json.js';
import { openNpy } from '../../raster/node/index.js';
import { UNITS } from '../../raster/units.js';
import { bandName, STATIC_MODALITY } from '../acquisition.js';

/** The folder of arrays and document in a package. */
export const SCENE_FOLDER = 'full_scene';
export const VALID_FILE = 'valid_mask_full.npy';
export const CHIPS_FILE = 'chip_manifest_multimodal.csv';

/** Chips with fewer valid pixels are left out of the list. */
export const MIN_CHIP_VALID = 0.8;

const DOCUMENT_ENDING = '_full_scene.json';

/** The file of a modality's array. */
export function arrayFile(modality: string): string {
  return `${modality}_full.npy`;
}

/** Names that begin with the place of the event. */
export interface NotebookNames {
  readonly document: string;
  readonly label: string;
  readonly chipPrefix: string;
}

/**
 * The first word of the event's name is the place: `luxembourg_flood_2021_multimodal` gives the files `luxembourg_…`. The
 * first three letters of the place begin the chip ids: `lux_…`.
 */
export function notebookNames(event: string, phases: number): NotebookNames {
  const place = /[a-z0-9]+/.exec(event.toLowerCase())?.[0] ?? 'event';
  return {
    document: `${place}_multimodal_${phases}step${DOCUMENT_ENDING}`,
    label: `${place}_label_max_flood.npy`,
    chipPrefix: place.slice(0, 3),
  };
}

const Name = v.pipe(v.string(), v.minLength(1, 'must not be empty'), v.maxLength(128));
const Finite = v.pipe(v.number(), v.finite('must be a finite number'));
const Count = v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be at least 1'));

const NO_UNITS = `must be one of ${UNITS.join(', ')}, or such a name for each phase`;
const UnitsName = v.picklist(UNITS, `must be one of ${UNITS.join(', ')}`);

/** The document of the arrays. The keys of the notebook come first; the last four are terrachip's. */
const NotebookSchema = v.object({
  crs: v.string(),
  transform: v.tuple([Finite, Finite, Finite, Finite, Finite, Finite]),
  width: Count,
  height: Count,
  bounds: v.optional(v.tuple([Finite, Finite, Finite, Finite])),
  phase_order: v.pipe(v.array(Name), v.minLength(1, 'must name at least one phase')),
  s1_bands: v.optional(v.array(Name), []),
  s2_bands: v.optional(v.array(Name), []),
  chip_size: v.optional(Count),
  chip_stride: v.optional(Count),
  min_chip_valid_frac: v.optional(Finite),
  /** Arrays by modality, and the masks. Only their last part is used: the files lie beside the document. */
  full_files: dictionary(Name, v.string()),
  event: v.optional(v.string()),
  datetime: v.optional(v.string()),
  /** Asset keys of each modality, in the order of its bands. */
  bands: v.optional(dictionary(Name, v.array(Name)), {}),
  /** The units of each modality, by phase where they differ. */
  units: v.optional(dictionary(Name, v.union([UnitsName, dictionary(Name, UnitsName)], NO_UNITS)), {}),
});

export type NotebookDocument = v.InferOutput<typeof NotebookSchema>;

/** Keys of `full_files` that are no modality. */
const MASKS = ['valid_mask', 'label'];

/** The document in the folder of a package, or in its folder of arrays; null for none. */
export async function findNotebook(folder: string): Promise<string | null> {
  for (const place of [join(folder, SCENE_FOLDER), folder]) {
    const names = await readdir(place).catch(() => []);
    const found = names.filter((name) => name.endsWith(DOCUMENT_ENDING)).sort();
    if (found.length > 1) {
      throw invalidInput(place, `has the documents ${found.join(', ')}`, 'name the one to read');
    }
    if (found.length === 1) return join(place, found[0]);
  }
  return null;
}

/** Whether a JSON document describes the notebook's arrays. */
export function isNotebook(document: unknown): boolean {
  return isMembers(document) && Object.hasOwn(document, 'full_files');
}

/**
 * The scene of a notebook's arrays, as a scene file has it. The shapes of the arrays are checked.
 * @throws {TerrachipError} INVALID_INPUT for a damaged document, units that are not declared, or an array of another shape
 */
export async function notebookScene(document: unknown, path: string): Promise<Members> {
  const notebook = validateStrictly(NotebookSchema, document, path);
  const { crs, transform, width, height, phase_order, event, datetime, full_files } = notebook;
  const modalities = Object.keys(full_files).filter((name) => !MASKS.includes(name));
  requireUnits(notebook, modalities, path);
  const inputs: Record<string, unknown> = {};
  for (const modality of modalities) {
    const bands = bandsOf(notebook, modality, path).map(bandName);
    const phases = modality === STATIC_MODALITY ? null : phase_order;
    const href = basename(full_files[modality].replaceAll('\\', '/'));
    const times = phases?.length ?? 1;
    const leading = phases === null ? [bands.length] : [bands.length, times];
    await requireShape(join(dirname(path), href), [...leading, height, width]);
    const image = (time: number): Members =>
      Object.fromEntries(bands.map((name, k) => [name, { href, band: k * times + time + 1 }]));
    const units = notebook.units[modality];
    const unitsIn = (phase: string): Members => (typeof units === 'string' ? {} : { units: units[phase] });
    inputs[modality] = {
      ...(typeof units === 'string' ? { units } : {}),
      resampling: 'nearest',
      ...(phases === null
        ? { static: image(0) }
        : {
            phases: Object.fromEntries(
              phases.map((phase, time) => [phase, { ...unitsIn(phase), ...image(time) }]),
            ),
          }),
    };
  }
  return {
    schemaVersion: 1,
    ...(event === undefined ? {} : { id: event }),
    ...(datetime === undefined ? {} : { datetime }),
    grid: { crs, transform, width, height },
    phases: phase_order,
    inputs,
  };
}

function bandsOf({ bands, s1_bands, s2_bands }: NotebookDocument, modality: string, path: string): string[] {
  const known = { S1RTC: s1_bands, S2L2A: s2_bands, [STATIC_MODALITY]: ['data'] };
  const names = memberOf(bands, modality) ?? memberOf(known, modality) ?? [];
  if (names.length > 0) return names;
  const remedy = `add bands: {"${modality}": […]} with their names in order`;
  throw invalidInput(path, `names no bands for ${modality}`, remedy);
}

function requireUnits(notebook: NotebookDocument, modalities: readonly string[], path: string): void {
  const missing = modalities.filter((modality) => !Object.hasOwn(notebook.units, modality));
  if (missing.length === 0) return;
  const wanted = missing.map((modality) => `"${modality}": …`).join(', ');
  const remedy = `add units: {${wanted}} with one of ${UNITS.join(', ')}`;
  throw invalidInput(path, `has no units for ${missing.join(', ')}`, remedy);
}

async function requireShape(path: string, shape: readonly number[]): Promise<void> {
  await using array = await openNpy(path);
  if (array.shape.join() === shape.join() && !array.fortranOrder) return;
  const order = array.fortranOrder ? ' in Fortran order' : '';
  throw invalidInput(
    path,
    `has the shape (${array.shape.join(', ')})${order}, where its document says (${shape.join(', ')})`,
    'package the event again',
  );
}
