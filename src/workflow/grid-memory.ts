/** The memory of putting bands on a grid and writing them, as `package` and `warp` do. */
import { type GeoBox, gridStrips } from '../geo/index.js';
import type { BackendInfo } from '../gpu/index.js';
import { availableMemory } from './available-memory.js';
import { type GridJob, gridParts, type MemoryOptions, type MemoryPlan, planMemory } from './memory.js';
import { type MosaicSources, mosaicValues, planTiles, sourceReads } from './tile-plan.js';

/** Bands whose sources are open. */
export interface OpenGridJob extends Pick<GridJob, 'bands' | 'valueBytes' | 'maskBytes'> {
  /** What is made, for messages. */
  readonly name: string;
  readonly geobox: Pick<GeoBox, 'width' | 'height'>;
  /** The files of the bands. */
  readonly source: MosaicSources;
  readonly backend: BackendInfo;
}

/**
 * The memory of bands on a grid, before it is allocated.
 * @throws {TerrachipError} TOO_LARGE for a job that does not fit into `memory`
 */
export async function planGridMemory(
  { name, geobox, source, ...job }: OpenGridJob,
  options: MemoryOptions,
): Promise<MemoryPlan> {
  const strips = gridStrips(geobox, job.bands);
  const { width } = geobox;
  const reads = sourceReads(source.warped, strips);
  const tiles = planTiles(reads, true);
  const layers = mosaicValues([source], reads, strips, width);
  const sized = { ...job, width, rows: strips[0].end, mosaicValues: layers };
  const memory = options.memory ?? (await availableMemory());
  const threads = Math.min(1, job.backend.threads);
  const smaller = {
    remedy: 'give `threads` 1',
    parts: gridParts({ ...sized, backend: { ...job.backend, threads } }, tiles),
  };
  return planMemory(name, gridParts(sized, tiles), tiles, { ...options, memory }, [smaller]);
}
