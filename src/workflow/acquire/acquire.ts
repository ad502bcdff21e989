/** From an event to the manifest of its scenes. */
import { groupBy } from '../../catalog/group-by.js';
import { invalidInput } from '../../errors.js';
import { requireApart } from '../../io/node/inputs.js';
import { writeJson } from '../../io/node/output.js';
import { counted, type OperationOptions, reportPlan, reportProgress } from '../../progress.js';
import { writtenAcquisition } from '../acquisition.js';
import { type RequestOptions, resolveHref } from '../scene.js';
import { CloudReader } from './cloud.js';
import { Coverage } from './coverage.js';
import { type EventModality, readEvent } from './event.js';
import { type Draft, type DraftPhase, dateOf, manifestOf } from './manifest.js';
import { type ChoiceContext, choosePhase } from './phase.js';
import { SceneFinder } from './scenes.js';
import type { Chosen } from './select.js';

/** What `acquire` reads and writes, and how it chooses. */
export interface AcquireOptions extends OperationOptions, RequestOptions {
  /** The event file. */
  event: string;
  /** The manifest that is written. */
  output: string;
  /** Choose as the published flood notebook does: one scene per phase, before or after the event (default false). */
  likeSeed?: boolean;
  /** Leave out a phase without a scene, instead of failing (default false). */
  allowMissing?: boolean;
  /**
   * `area` (default): clouds over the event's area, from the scene classification where it can be read. `tile`: clouds
   * of whole scenes, from their items.
   */
  clouds?: 'area' | 'tile';
}

/** The scenes of one modality in one phase. */
export interface AcquiredPhase {
  /** Null for a modality without phases. */
  readonly phase: string | null;
  readonly modality: string;
  /** First to last. */
  readonly scenes: readonly AcquiredScene[];
  /** The share of the area that they cover together, from 0 to 1. */
  readonly covered: number;
}

/** A scene of a manifest. */
export interface AcquiredScene {
  readonly id: string;
  /** ISO 8601; null for one without a date. */
  readonly datetime: string | null;
  readonly overlap: number;
  /** In per cent, and how it was measured; null for radar. */
  readonly cloud: { readonly percent: number; readonly source: 'scl' | 'tile' } | null;
  readonly fillsGaps: boolean;
}

/** What `acquire` chose. */
export interface AcquireReport {
  readonly manifest: string;
  readonly phases: readonly AcquiredPhase[];
  readonly missing: readonly { readonly phase: string; readonly modality: string }[];
  readonly warnings: readonly string[];
}

/** A smaller covered share of the area causes a warning. */
const NEARLY_ALL = 0.99;

/**
 * Chooses the scenes of an event, and writes the manifest that `package` reads. Addresses in it are not signed.
 * @throws {TerrachipError} INVALID_INPUT for an event file that is not valid, and for a phase without a scene unless
 * `allowMissing` is given; what the catalogs throw
 */
export async function acquire(options: AcquireOptions): Promise<AcquireReport> {
  const { event: eventFile, output, likeSeed = false, allowMissing, clouds: place, ...request } = options;
  const { signal } = options;
  const event = await readEvent(eventFile, signal);
  const label = event.label === undefined ? [] : [resolveHref(event, event.label.href)];
  await requireApart([output], [eventFile, ...event.modalities.map(({ catalog }) => catalog), ...label]);
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
    options.onProgress?.({ type: 'warning', message });
  };
  const onProgress: OperationOptions['onProgress'] = (progress) =>
    progress.type === 'warning' ? warn(progress.message) : options.onProgress?.(progress);
  const coverage = new Coverage(event);
  const open = { ...request, onProgress };
  await using clouds = new CloudReader(coverage, open);
  const context: ChoiceContext = {
    event,
    finder: new SceneFinder(open),
    coverage,
    clouds: place === 'tile' ? null : clouds,
    likeSeed,
    signal,
    onProgress,
  };
  const draft = await chooseAll(context, allowMissing === true);
  for (const message of remarks(draft.phases)) warn(message);
  const document = manifestOf(event, draft, { likeSeed, warnings, output });
  await writeJson(output, writtenAcquisition(document));
  return {
    manifest: output,
    phases: draft.phases.map(({ scenes, ...phase }) => ({ ...phase, scenes: scenes.map(reported) })),
    missing: draft.missing,
    warnings,
  };
}

async function chooseAll(context: ChoiceContext, allowMissing: boolean): Promise<Draft> {
  const { event, signal } = context;
  const phases: DraftPhase[] = [];
  const missing: Draft['missing'][number][] = [];
  const temporal = event.modalities.filter(({ isStatic }) => !isStatic);
  const catalogs = new Set(event.modalities.map(({ catalog }) => catalog)).size;
  reportPlan(context, 'acquire', {
    reads: `${counted(catalogs, 'catalog')} for ${temporal.map(({ name }) => name).join(', ')} in ${counted(event.phases.length, 'phase')}; small parts of the images, to see clouds`,
    writes: 'a manifest with the addresses of the chosen scenes; no images',
  });
  const steps = temporal.flatMap((modality) => event.phases.map((phase) => ({ modality, phase })));
  for (const [done, { modality, phase }] of steps.entries()) {
    signal?.throwIfAborted();
    reportProgress(context, 'acquire', done, steps.length, 'phases');
    const choice = await choosePhase(phase, modality, context);
    const place = { phase: phase.name, modality: modality.name };
    if ('problem' in choice) {
      const problem = `finds no ${modality.name} (${modality.collection}) for the phase ${phase.name} ${choice.problem}`;
      if (!allowMissing) {
        const remedy = 'widen window_days, raise max_cloud or change the phase, or give `allowMissing`';
        throw invalidInput(event.path, problem, remedy);
      }
      missing.push(place);
      context.onProgress?.({ type: 'warning', message: `${event.path} ${problem}` });
    } else phases.push({ ...place, ...choice });
  }
  for (const modality of event.modalities.filter(({ isStatic }) => isStatic)) {
    phases.push(await chooseTiles(modality, context));
  }
  reportProgress(context, 'acquire', steps.length, steps.length, 'phases');
  return { phases, missing };
}

/** All tiles of a modality without phases, those that cover most of the area first. */
async function chooseTiles(
  modality: EventModality,
  { event, finder, coverage }: ChoiceContext,
): Promise<DraftPhase> {
  const { collection, assets, catalog, name } = modality;
  const rows = await finder.find(catalog, { collection, area: event.area, interval: null });
  const scenes = rows
    .filter((row) => assets.every((key) => row.assets[key] !== undefined))
    .map((row) => ({
      row,
      overlap: coverage.overlapOf(row),
      cloud: null,
      days: 0,
      time: 0,
      fillsGaps: false,
    }))
    .filter(({ overlap }) => overlap > 0)
    .sort((a, b) => b.overlap - a.overlap);
  if (scenes.length === 0) {
    const problem = `finds no ${name} (${collection}) with ${assets.join(', ')} in the area`;
    throw invalidInput(event.path, problem, `correct modalities.${name}, or leave it out`);
  }
  const covered = scenes.reduce((sum, { overlap }) => sum + overlap, 0);
  return { phase: null, modality: name, scenes, covered: Math.min(1, covered) };
}

/** Warnings about the manifest. */
function remarks(phases: readonly DraftPhase[]): string[] {
  const gaps = phases
    .filter(({ covered }) => covered < NEARLY_ALL)
    .map(({ phase, modality, covered }) => {
      const place = phase === null ? modality : `${modality} of the phase ${phase}`;
      return `${place} covers ${(100 * covered).toFixed(0)} % of the area`;
    });
  return [...gaps, ...sharedScenes(phases)];
}

/** Which phases have scenes in common, a sentence for each modality and combination of phases. */
function sharedScenes(phases: readonly DraftPhase[]): string[] {
  const uses = phases.flatMap(({ phase, modality, scenes }) =>
    phase === null ? [] : scenes.map(({ row }) => ({ phase, modality, id: row.id })),
  );
  const scenes = [...groupBy(uses, ({ modality, id }) => JSON.stringify([modality, id])).values()];
  const shared = scenes.filter((users) => users.length > 1);
  const among = groupBy(shared, (users) =>
    JSON.stringify([users[0].modality, users.map(({ phase }) => phase)]),
  );
  return [...among.values()].map((group) => {
    const [[{ modality }]] = group;
    const names = group[0].map(({ phase }) => phase).join(' and ');
    const count = group.length === 1 ? 'one scene' : `${group.length} scenes`;
    return `the phases ${names} have ${count} of ${modality} in common: ${group.map(([{ id }]) => id).join(', ')}`;
  });
}

function reported({ row, overlap, cloud, fillsGaps }: Chosen): AcquiredScene {
  return { id: row.id, datetime: dateOf(row), overlap, cloud, fillsGaps };
}
