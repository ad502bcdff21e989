/** What decides the bytes of a package, and the record in a finished one. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { GeoBox } from '../../geo/index.js';
import type { BackendInfo } from '../../gpu/index.js';
import { readJson } from '../../io/node/json.js';
import { isAddress } from '../../io/schemes.js';
import { storedAddress } from '../../io/signature.js';
import { dictionary } from '../../json.js';
import { VERSION } from '../../version.js';
import type { Acquisition } from '../acquisition.js';
import type { PackageFormat } from '../choices.js';
import type { InputVersions } from '../input-versions.js';
import { fingerprintOf } from '../run-plan.js';
import { Inside } from '../unit-run.js';
import type { PackageImage } from './manifest.js';

/** The record of a finished package. */
export const RECORD_FILE = 'package-run.json';

const RecordSchema = v.object({
  schemaVersion: v.literal(1),
  fingerprint: v.string(),
  validShare: v.number(),
  hasLabel: v.boolean(),
  chips: v.object({ windows: v.number(), kept: v.number() }),
  /** The other files of the package. */
  files: v.array(v.object({ path: Inside, bytes: v.number() })),
});
export type PackageRecord = v.InferOutput<typeof RecordSchema>;

/** What a package is made of and how, besides the versions of the files. */
export interface PackageInput {
  readonly manifest: Acquisition;
  readonly images: readonly PackageImage[];
  readonly grid: GeoBox;
  readonly format: PackageFormat;
  readonly resolution: number;
  readonly anchor: 'fit' | 'snap';
  readonly backend: BackendInfo;
  /** The file of the label. */
  readonly label: string | null;
}

/** All that the fingerprint of a package is made of. */
export interface PackageJob {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly fingerprint: string;
  /** Versions of the files, by their addresses without signatures. */
  readonly inputs: Readonly<Record<string, string>>;
}

/** The files that an image is made of. */
export function hrefsOf({ bands }: PackageImage): string[] {
  return bands.flatMap(({ tiles }) => tiles.map(({ href }) => href));
}

/** @throws {TerrachipError} NOT_FOUND, INVALID_INPUT or NETWORK for a file that cannot be read */
export async function planPackage(
  { manifest, images, grid, format, resolution, anchor, backend, label }: PackageInput,
  versions: InputVersions,
  signal?: AbortSignal,
): Promise<PackageJob> {
  const hrefs = [...images.flatMap(hrefsOf), ...(label === null ? [] : [label])];
  await versions.prepare(hrefs, signal);
  const known = new Map<string, string>();
  for (const href of hrefs) known.set(href, await versions.identityOf(href, signal));
  const { event, phase_order } = manifest.document;
  const settings = {
    terrachip: VERSION,
    event: { name: event.name, dates: event.phase_dates, phases: phase_order },
    format,
    resolution,
    anchor,
    grid: grid.toJSON(),
    backend: { kind: backend.kind, adapterClass: backend.adapterClass },
    images: images.map(({ bands, ...image }) => ({
      ...image,
      bands: bands.map(({ name, tiles }) => ({
        name,
        tiles: tiles.map(({ href, units }) => ({ units, identity: known.get(href) })),
      })),
    })),
    label: label === null ? null : known.get(label),
  };
  const stored = (href: string): string => (isAddress(href) ? storedAddress(href) : href);
  const inputs = Object.fromEntries([...known].map(([href, identity]) => [stored(href), identity]));
  return { settings, fingerprint: fingerprintOf(settings), inputs };
}

/** The files of a job that had another version in an earlier one, whose plan is given. */
export function changedFiles({ inputs }: PackageJob, earlier: object): string[] {
  const plan = v.safeParse(v.object({ inputs: dictionary(v.string(), v.string()) }), earlier);
  if (!plan.success) return [];
  const before = new Map(Object.entries(plan.output.inputs));
  return Object.keys(inputs).filter((href) => (before.get(href) ?? inputs[href]) !== inputs[href]);
}

/** The record of the package in a folder; null for none, or one that is damaged. */
export async function readRecord(folder: string): Promise<PackageRecord | null> {
  const found = v.safeParse(RecordSchema, await readJson(join(folder, RECORD_FILE)).catch(() => null));
  return found.success ? found.output : null;
}

/** Whether the files of a finished package are there, with their sizes. */
export async function isWhole(folder: string, { files }: PackageRecord): Promise<boolean> {
  const sizes = await Promise.all(
    files.map(({ path }) =>
      stat(join(folder, path)).then(
        (info) => info.size,
        () => null,
      ),
    ),
  );
  return files.every(({ bytes }, k) => sizes[k] === bytes);
}
