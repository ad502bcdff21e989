/**
 * Plans of runs. A run lies in a folder `OUTPUT.run/<fingerprint>`. The fingerprint covers all options and inputs that
 * affect the bytes of the result, so that units of several processes fit together.
 */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { invalidInput, invalidOption } from '../errors.js';
import { readJson } from '../io/node/json.js';
import { runsFolder } from './run-owner.js';

/** @param settings everything that affects the bytes of a result @returns their SHA-256, in hex */
export function fingerprintOf(settings: unknown): string {
  return createHash('sha256').update(JSON.stringify(settings)).digest('hex');
}

/** @throws {TerrachipError} INVALID_OPTION unless `batchSize` is a number of chips that a model may run at once */
export function requireBatchSize(batchSize: number): void {
  if (!Number.isInteger(batchSize) || batchSize < 1 || batchSize > 1024) {
    throw invalidOption('batchSize', `cannot be ${batchSize}`, 'give a whole number from 1 to 1024');
  }
}

/** @throws {TerrachipError} INVALID_OPTION unless the size of a unit is a multiple of `part` */
export function requireMultiple(option: string, value: number, part: number): void {
  if (!Number.isInteger(value) || value < part || value % part !== 0) {
    throw invalidOption(option, `cannot be ${value}`, `give a multiple of ${part}`);
  }
}

/** The folder of a run, next to the output. */
export function runFolder(output: string, fingerprint: string): string {
  return join(runsFolder(output), fingerprint.slice(0, 16));
}

/**
 * Refuses to start a run without units of its own if other plans for the same output have some.
 * @param folder the folder of the run
 * @param settings of its plan; those of the others are read from their `plan.json`
 * @param changedFiles the inputs of another plan that have changed since
 * @throws {TerrachipError} INVALID_INPUT with the names of the settings and files that differ
 */
export async function refuseOtherPlans(
  folder: string,
  settings: Readonly<Record<string, unknown>>,
  changedFiles: (theirs: object) => readonly string[] = () => [],
): Promise<void> {
  const names = await readdir(dirname(folder)).catch((): string[] => []);
  if (names.includes(basename(folder))) return;
  for (const name of names) {
    const other = join(dirname(folder), name);
    const theirs = await readJson(join(other, 'plan.json')).catch(() => null);
    if (typeof theirs !== 'object' || theirs === null) continue;
    const files = changedFiles(theirs);
    if (files.length > 0) {
      const problem = `has units that were made before ${files.join(', ')} changed`;
      throw invalidInput(other, problem, 'restore the earlier file, or leave out `resume`');
    }
    throw invalidInput(
      other,
      `has units that were made with other values of ${changedSettings(settings, theirs)}`,
      'give the same to continue with them, or leave out `resume`',
    );
  }
}

/**
 * Refuses an output that was made with other settings.
 * @param theirs the settings of the output
 * @throws {TerrachipError} INVALID_INPUT with the names of the settings that differ, if some do
 */
export function refuseOtherSettings(output: string, settings: object, theirs: object): void {
  const changed = changedSettings(settings, theirs);
  if (changed === '') return;
  const problem = `exists already, and was made with other values of ${changed}`;
  throw invalidInput(output, problem, 'give the same, or choose another output');
}

/** The names of settings that differ. */
function changedSettings(settings: object, theirs: object): string {
  const before = new Map<string, unknown>(Object.entries(theirs));
  const changed = Object.entries(settings).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(before.get(key)),
  );
  return changed.map(([key]) => `\`${key}\``).join(', ');
}

/** @throws {TerrachipError} INVALID_INPUT for an output that exists */
export async function requireAbsent(output: string): Promise<void> {
  const exists = await stat(output).then(
    () => true,
    () => false,
  );
  if (exists) throw invalidInput(output, 'exists already', 'remove it, or choose another output');
}
