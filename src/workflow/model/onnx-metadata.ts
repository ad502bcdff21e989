/** What the metadata of an ONNX file says about its model, under the names that exporters use. */
import { NAME } from '../../inference/model-spec.js';
import type { OnnxInfo } from '../../inference/onnx/index.js';
import { memberOf } from '../../json/keys.js';
import { UNITS, type Units } from '../../raster/units.js';

/** Values of a model for all inputs, or of each by its name. */
export type PerInput<T> = T | Readonly<Record<string, T>>;

/** Whether there is a value for each input by its name. */
export function isRecord<T>(value: PerInput<T> | undefined): value is Readonly<Record<string, T>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value of an input, by its name in the scene or in the graph. */
export function ofInput<T>(value: PerInput<T> | undefined, name: string, tensor: string): T | undefined {
  if (!isRecord(value)) return value;
  return memberOf(value, name) ?? memberOf(value, tensor);
}

/** The entries of a file's metadata that have the form of an option. */
export interface OnnxMetadata {
  readonly bands?: PerInput<readonly string[]>;
  readonly units?: PerInput<Units>;
  readonly mean?: PerInput<readonly number[]>;
  readonly std?: PerInput<readonly number[]>;
  readonly scale?: number;
  readonly classes?: readonly string[];
  readonly phases?: readonly string[];
  readonly pixelSize?: number;
  readonly chip?: number;
  readonly stride?: number;
  readonly description?: string;
  readonly licence?: string;
}

/** Names of entries in lower case, without punctuation. */
const NAMES: Readonly<Record<keyof OnnxMetadata, readonly string[]>> = {
  bands: ['bands', 'bandnames', 'inputbands'],
  units: ['units'],
  mean: ['mean', 'means'],
  std: ['std', 'stds', 'stddev'],
  scale: ['scale'],
  classes: ['classes', 'classnames'],
  phases: ['phases'],
  pixelSize: ['pixelsize'],
  chip: ['chip', 'chipsize'],
  stride: ['stride'],
  description: ['description'],
  licence: ['licence', 'license'],
};

/** Longer entries are no options. */
const LONGEST_ENTRY = 2 ** 16;

/** Reads the entries that are valid; others are left out. */
export function readMetadata({ metadata }: Pick<OnnxInfo, 'metadata'>): OnnxMetadata {
  const found = (key: keyof OnnxMetadata): unknown => {
    const names = NAMES[key];
    const entry = Object.entries(metadata).find(([name]) =>
      names.includes(name.toLowerCase().replace(/[^a-z]/g, '')),
    );
    return entry === undefined || entry[1].length > LONGEST_ENTRY ? undefined : parsed(entry[1]);
  };
  return {
    bands: perInput(found('bands'), (value) => listOf(value, isName)),
    units: perInput(found('units'), (value) => UNITS.find((units) => units === value)),
    mean: perInput(found('mean'), (value) => listOf(value, isNumber, Number)),
    std: perInput(found('std'), (value) => listOf(value, isPositive, Number)),
    scale: numberOf(found('scale')),
    classes: listOf(found('classes'), isLabel),
    phases: listOf(found('phases'), isName),
    pixelSize: numberOf(found('pixelSize')),
    chip: numberOf(found('chip')),
    stride: numberOf(found('stride')),
    description: textOf(found('description')),
    licence: textOf(found('licence')),
  };
}

const isName = (value: unknown): value is string => typeof value === 'string' && NAME.test(value);
const isLabel = (value: unknown): value is string => typeof value === 'string' && /^\S.{0,63}$/.test(value);
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);
const isPositive = (value: unknown): value is number => isNumber(value) && value > 0;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A list: of JSON, of an object `{"0": …, "1": …}`, of one value, or of text with commas. */
function listOf<T>(
  value: unknown,
  isItem: (item: unknown) => item is T,
  read: (text: string) => unknown = String,
): readonly T[] | undefined {
  const items = itemsOf(value, read);
  return items.length > 0 && items.every(isItem) ? items : undefined;
}

function itemsOf(value: unknown, read: (text: string) => unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return value.split(',').map((text) => read(text.trim()));
  if (typeof value !== 'object' || value === null) return value === undefined ? [] : [value];
  const keys = Object.keys(value);
  return keys.every((key, k) => key === String(k)) ? Object.values(value) : [];
}

/** One value for all inputs; else one of each, if it is an object whose members are all valid. */
function perInput<T>(value: unknown, read: (value: unknown) => T | undefined): PerInput<T> | undefined {
  const one = read(value);
  if (one !== undefined || typeof value !== 'object' || value === null || Array.isArray(value)) return one;
  const members = Object.entries(value).flatMap(([name, member]): [string, T][] => {
    const each = read(member);
    return each === undefined ? [] : [[name, each]];
  });
  return members.length > 0 && members.length === Object.keys(value).length
    ? Object.fromEntries(members)
    : undefined;
}

function numberOf(value: unknown): number | undefined {
  return isPositive(value) ? value : undefined;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}
