/** The choice of scenes for one modality in one phase. Nothing is read here. */
import { groupBy } from '../../catalog/group-by.js';
import { solarDay } from '../../catalog/loaders/time-steps.js';
import { type CatalogRow, propertyOf, textOf } from '../../catalog/row.js';
import { dedupePolicy, withoutDuplicates } from '../../catalog/union.js';
import type { CloudCover } from './cloud.js';
import { type Coverage, cover } from './coverage.js';

/** A scene that may show a phase. */
export interface Candidate {
  readonly row: CatalogRow;
  /** The share of the area that it covers, from 0 to 1. */
  readonly overlap: number;
  /** Null for scenes without clouds, such as radar. */
  readonly cloud: CloudCover | null;
  /** Whole days from the date of the phase. */
  readonly days: number;
  /** UTC milliseconds. */
  readonly time: number;
}

/** A chosen scene. */
export interface Chosen extends Candidate {
  /** Whether its date or orbit differs from the first scene's, so that it only fills gaps. */
  readonly fillsGaps: boolean;
}

/** Chosen scenes, first to last, and the share of the area that they cover together. */
export interface Choice {
  readonly scenes: readonly Chosen[];
  readonly covered: number;
}

/** A scene of the same pass must cover at least this much more of the area to be taken. */
const LEAST_SHARE = 0.001;

/** The same for a scene of another date or orbit. */
const LEAST_FILL = 0.01;

/** From this share on, the area counts as covered. */
const ENOUGH = 0.999;

/** Passes that differ by less than a per cent of the area are equal, so that clouds decide. */
const OVERLAP_STEPS = 100;

/** Clouds of a scene with unknown clouds, as in the published notebook: it is chosen last. */
const UNKNOWN_CLOUD = 1000;

/** Scenes of one date, and for radar of one orbit. A mosaic uses one pass first. */
interface Pass {
  readonly scenes: readonly Candidate[];
  /** The pixels of the area that each scene covers. */
  readonly masks: readonly Uint8Array[];
  readonly cloud: number;
  readonly days: number;
  readonly time: number;
}

/**
 * Chooses scenes by how much of the area they cover, then by clouds, then by days. Scenes of one date (and orbit, for
 * radar) are taken together; scenes of other dates only if they fill a gap of at least a per cent of the area.
 */
export function chooseMosaic(candidates: readonly Candidate[], coverage: Coverage): Choice {
  const masks = new Map(candidates.map((candidate) => [candidate, coverage.maskOf(candidate.row)]));
  let passes = passesOf(candidates, masks, coverage);
  const covered = new Uint8Array(coverage.area.length);
  const chosen: Chosen[] = [];
  while (passes.length > 0 && coverage.shareOf(covered) < ENOUGH) {
    const added = new Map(passes.map((pass) => [pass, addedBy(pass, covered, coverage)]));
    const steps = (pass: Pass): number => Math.round((added.get(pass) ?? 0) * OVERLAP_STEPS);
    const [best] = passes.toSorted(
      (a, b) => steps(b) - steps(a) || a.cloud - b.cloud || a.days - b.days || a.time - b.time,
    );
    const fillsGaps = chosen.length > 0;
    if ((added.get(best) ?? 0) < (fillsGaps ? LEAST_FILL : Number.MIN_VALUE)) break;
    for (const [k, scene] of best.scenes.entries()) {
      const mask = best.masks[k];
      const isFirst = chosen.length === 0;
      if (!isFirst && coverage.shareOf(mask, covered) < (fillsGaps ? LEAST_FILL : LEAST_SHARE)) continue;
      chosen.push({ ...scene, fillsGaps });
      cover(covered, mask);
    }
    passes = passes.filter((pass) => pass !== best);
  }
  return { scenes: chosen, covered: coverage.shareOf(covered) };
}

/** Groups scenes by pass, and keeps the newest processing of each. */
function passesOf(
  candidates: readonly Candidate[],
  masks: ReadonlyMap<Candidate, Uint8Array>,
  coverage: Coverage,
): Pass[] {
  const newest = new Set(newestRows(candidates.map(({ row }) => row)));
  const current = candidates.filter(({ row }) => newest.has(row));
  return [...groupBy(current, ({ row, time }) => passKey(row, time, coverage.longitude)).values()].map(
    (scenes) => {
      const shares = new Map(scenes.map((scene) => [scene, coverage.shareOf(masks.get(scene)!)]));
      const share = (scene: Candidate): number => shares.get(scene) ?? 0;
      const sorted = scenes.toSorted(
        (a, b) => share(b) - share(a) || cloudOf(a) - cloudOf(b) || compareText(a.row.id, b.row.id),
      );
      const total = sorted.reduce((sum, scene) => sum + share(scene), 0);
      const cloud = sorted.reduce((sum, scene) => sum + share(scene) * cloudOf(scene), 0);
      return {
        scenes: sorted,
        masks: sorted.map((scene) => masks.get(scene)!),
        cloud: total === 0 ? Math.min(...sorted.map(cloudOf)) : cloud / total,
        days: Math.min(...sorted.map(({ days }) => days)),
        time: Math.min(...sorted.map(({ time }) => time)),
      };
    },
  );
}

function newestRows(rows: readonly CatalogRow[]): CatalogRow[] {
  const policy = dedupePolicy('newest');
  return policy === null ? [...rows] : withoutDuplicates(rows, policy);
}

function addedBy({ masks }: Pass, covered: Uint8Array, coverage: Coverage): number {
  const together = Uint8Array.from(covered);
  for (const mask of masks) cover(together, mask);
  return coverage.shareOf(together, covered);
}

/** The day of a scene at a longitude, and the orbit of radar. */
function passKey(row: CatalogRow, time: number, longitude: number): string {
  const day = solarDay(time, longitude);
  return isRadar(row) ? [day, ...orbitOf(row)].join('/') : String(day);
}

/** Whether an item is of radar, by its properties. */
export function isRadar(row: CatalogRow): boolean {
  return Object.keys(row.properties).some((name) => name.startsWith('sar:'));
}

function orbitOf(row: CatalogRow): string[] {
  return ['sat:orbit_state', 'sat:relative_orbit'].map((name) => String(propertyOf(row, name) ?? ''));
}

function cloudOf({ cloud, row }: Candidate): number {
  return cloud?.percent ?? (isRadar(row) ? 0 : UNKNOWN_CLOUD);
}

/**
 * The choice of the published flood notebook: one scene, by the share of the area that it covers, then by clouds (where
 * `byCloud`), then by days, then by the texts of its time and orbit.
 */
export function chooseLikeSeed(candidates: readonly Candidate[], byCloud: boolean): Choice {
  const tieOf = ({ row, time }: Candidate): string =>
    [textOf(row, 'datetime') ?? new Date(time).toISOString(), ...orbitOf(row).reverse()].join('\n');
  const [best] = candidates.toSorted(
    (a, b) =>
      b.overlap - a.overlap ||
      (byCloud ? (a.cloud?.percent ?? UNKNOWN_CLOUD) - (b.cloud?.percent ?? UNKNOWN_CLOUD) : 0) ||
      a.days - b.days ||
      compareText(tieOf(a), tieOf(b)),
  );
  if (best === undefined) return { scenes: [], covered: 0 };
  return { scenes: [{ ...best, fillsGaps: false }], covered: best.overlap };
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
