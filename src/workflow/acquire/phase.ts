/** The scenes of one modality in one phase: found, judged and chosen. */
import type { CatalogRow } from '../../catalog/row.js';
import { Semaphore } from '../../io/semaphore.js';
import type { OperationOptions } from '../../progress.js';
import {
  dateText,
  daysFrom,
  describeRejections,
  misfit,
  momentOf,
  type Rejection,
  windowOf,
} from './candidates.js';
import { type CloudCover, type CloudReader, tileCloud } from './cloud.js';
import type { Coverage } from './coverage.js';
import type { AcquireEvent, EventModality, EventPhase } from './event.js';
import type { SceneFinder } from './scenes.js';
import { type Candidate, type Choice, chooseLikeSeed, chooseMosaic, isRadar } from './select.js';

/** What a choice depends on, besides the phase and the modality. */
export interface ChoiceContext extends OperationOptions {
  readonly event: AcquireEvent;
  readonly finder: SceneFinder;
  readonly coverage: Coverage;
  /** Null for the clouds of whole scenes. */
  readonly clouds: CloudReader | null;
  /** Whether to choose as the published notebook does. */
  readonly likeSeed: boolean;
}

/** The choice for a phase, or why the scenes that were found are rejected. */
export type PhaseChoice = Choice | { readonly scenes: readonly []; readonly problem: string };

/** Scene classifications that are read at a time. */
const CLOUDS_AT_A_TIME = 4;

/** The factor by which the window grows to find rejected scenes for the message. */
const WIDER = 3;

/** Chooses the scenes of a phase. */
export async function choosePhase(
  phase: EventPhase,
  modality: EventModality,
  context: ChoiceContext,
): Promise<PhaseChoice> {
  const { event, finder, coverage, likeSeed } = context;
  const { collection } = modality;
  const find = (times: number): Promise<CatalogRow[]> =>
    finder.find(modality.catalog, {
      collection,
      area: event.area,
      interval: windowOf(phase, modality, times),
    });
  const judged = await judge(await find(1), phase, modality, context);
  if (judged.candidates.length > 0) {
    const { candidates } = judged;
    return likeSeed
      ? chooseLikeSeed(candidates, modality.maxCloud !== undefined)
      : chooseMosaic(candidates, coverage);
  }
  const wider = await judge(await find(WIDER), phase, { ...modality, maxCloud: undefined }, context);
  const known = new Set(judged.rejections.map(({ row }) => row.id));
  const rejections = [...judged.rejections, ...wider.rejections.filter(({ row }) => !known.has(row.id))];
  const window = windowOf(phase, modality);
  const sought = `from ${dateText(window.start)} to ${dateText(window.end)}`;
  const named = describeRejections(rejections, phase);
  const found = named === '' ? 'none is near' : `the nearest are ${named}`;
  return { scenes: [], problem: `${sought}; ${found}` };
}

async function judge(
  rows: readonly CatalogRow[],
  phase: EventPhase,
  modality: EventModality,
  context: ChoiceContext,
): Promise<{ candidates: Candidate[]; rejections: Rejection[] }> {
  const { coverage, likeSeed } = context;
  const event = likeSeed ? { start: null } : context.event;
  const candidates: Candidate[] = [];
  const rejections: Rejection[] = [];
  const fitting: { row: CatalogRow; overlap: number }[] = [];
  for (const row of rows) {
    const overlap = coverage.overlapOf(row);
    // A search by a box also finds scenes outside the area.
    if (overlap === 0) continue;
    const reason = misfit(row, event, phase, modality);
    if (reason === null) fitting.push({ row, overlap });
    else rejections.push({ row, reason });
  }
  const clouds = await cloudsOf(
    fitting.map(({ row }) => row),
    context,
  );
  for (const [k, { row, overlap }] of fitting.entries()) {
    const reason = tooCloudy(clouds[k], modality, likeSeed);
    if (reason !== null) rejections.push({ row, reason });
    else candidates.push({ row, overlap, cloud: clouds[k], days: daysFrom(row, phase), time: momentOf(row) });
  }
  return { candidates, rejections };
}

function cloudsOf(rows: readonly CatalogRow[], context: ChoiceContext): Promise<(CloudCover | null)[]> {
  const { clouds, likeSeed, signal } = context;
  const limit = new Semaphore(CLOUDS_AT_A_TIME);
  return Promise.all(
    rows.map(async (row) => {
      if (isRadar(row)) return null;
      if (clouds === null || likeSeed) return tileCloud(row);
      return limit.run(() => clouds.overArea(row, signal), signal);
    }),
  );
}

/** The limit itself is allowed, except in the notebook's choice. */
function tooCloudy(cloud: CloudCover | null, { maxCloud }: EventModality, likeSeed: boolean): string | null {
  if (maxCloud === undefined) return null;
  if (cloud === null) return 'without a cloud cover';
  const { percent, source } = cloud;
  if (likeSeed ? percent < maxCloud : percent <= maxCloud) return null;
  const place = source === 'scl' ? 'the area' : 'its tile';
  return `${percent.toFixed(0)} % clouds over ${place}, above ${maxCloud}`;
}
