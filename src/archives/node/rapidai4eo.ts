/** The consolidated files of RapidAI4EO by path or URL. */
import { type OpenOptions, openSource } from '../../io/node/index.js';
import type { OnProgress } from '../../progress.js';
import { RAPIDAI4EO_ROOT, type RapidAi4EoLocations, readLocations } from '../rapidai4eo/index.js';

/** The URLs of the published consolidated files. */
export const RAPIDAI4EO_FILES = {
  geometries: `${RAPIDAI4EO_ROOT}/resources/rapidai4eo_geometries.geojson.gz`,
  labels: `${RAPIDAI4EO_ROOT}/resources/rapidai4eo_labels.csv.gz`,
} as const;

/** Which files are read. */
export interface OpenRapidAi4EoOptions extends OpenOptions {
  /** The outlines of all locations. Default: the published file. */
  readonly geometries?: string;
  /** The labels; null for none. Default: the published file. */
  readonly labels?: string | null;
  readonly onProgress?: OnProgress;
}

/**
 * Reads the locations of RapidAI4EO and their labels, from files on the disk or on a server.
 * @throws {TerrachipError} as `readLocations`; NOT_FOUND
 */
export async function openRapidAi4Eo({
  geometries = RAPIDAI4EO_FILES.geometries,
  labels = RAPIDAI4EO_FILES.labels,
  onProgress,
  ...options
}: OpenRapidAi4EoOptions = {}): Promise<RapidAi4EoLocations> {
  const operation = { onProgress, signal: options.signal };
  await using outlines = await openSource(geometries, options);
  if (labels === null) return await readLocations({ geometries: outlines }, operation);
  await using table = await openSource(labels, options);
  return await readLocations({ geometries: outlines, labels: table }, operation);
}
