/** Which scenes may show a phase of an event, and why others may not. */
import { type CatalogRow, propertyOf } from '../../catalog/row.js';
import { TimeInterval } from '../../geo/index.js';
import type { AcquireEvent, EventModality, EventPhase } from './event.js';

const DAY = 86_400_000;

/** A scene that is rejected for a phase, and the reason as part of a sentence. */
export interface Rejection {
  readonly row: CatalogRow;
  readonly reason: string;
}

/** The interval in which scenes of a phase are sought: whole days around its date. */
export function windowOf(phase: EventPhase, modality: EventModality, times = 1): TimeInterval {
  const padding = times * (phase.windowDays ?? modality.windowDays) * DAY;
  const { start, end } = phase.time;
  return new TimeInterval(dayOf(start - padding), dayOf(end + padding) + DAY - 1);
}

function dayOf(time: number): number {
  return Math.floor(time / DAY) * DAY;
}

/** The nominal moment of a scene in UTC milliseconds. */
export function momentOf(row: CatalogRow): number {
  const nominal = propertyOf(row, 'datetime');
  const time = typeof nominal === 'string' ? Date.parse(nominal) : Number.NaN;
  if (Number.isFinite(time)) return time;
  const { start, end } = row.interval;
  return Number.isFinite(start) ? start : end;
}

/** Whole days between the dates (UTC) of a scene and a phase. */
export function daysFrom(row: CatalogRow, { time }: EventPhase): number {
  const day = dayOf(momentOf(row));
  const [first, last] = [dayOf(time.start), dayOf(time.end)];
  return day < first ? (first - day) / DAY : day > last ? (day - last) / DAY : 0;
}

/** Why a scene cannot show a phase, whatever its clouds; null where it can. */
export function misfit(
  row: CatalogRow,
  event: Pick<AcquireEvent, 'start'>,
  phase: EventPhase,
  modality: EventModality,
): string | null {
  const lacking = modality.assets.filter((key) => row.assets[key] === undefined);
  if (lacking.length > 0) return `lacks ${lacking.join(', ')}`;
  const orbit = orbitMisfit(row, modality);
  if (orbit !== null) return orbit;
  const window = windowOf(phase, modality);
  if (!window.intersects(row.interval)) {
    const gap =
      row.interval.end < window.start ? window.start - row.interval.end : row.interval.start - window.end;
    const days = Math.ceil(gap / DAY);
    return `${days} ${days === 1 ? 'day' : 'days'} outside of the window`;
  }
  return directionMisfit(row, event, phase);
}

function orbitMisfit(row: CatalogRow, { orbitState, relativeOrbit }: EventModality): string | null {
  const [state, number] = [propertyOf(row, 'sat:orbit_state'), propertyOf(row, 'sat:relative_orbit')];
  if (orbitState !== undefined && state !== orbitState) return `not on an ${orbitState} orbit`;
  if (relativeOrbit !== undefined && number !== relativeOrbit) return `not on orbit ${relativeOrbit}`;
  return null;
}

function directionMisfit(
  { interval }: CatalogRow,
  { start }: Pick<AcquireEvent, 'start'>,
  { direction }: EventPhase,
): string | null {
  if (start === null || direction === 'any') return null;
  if (direction === 'before') return interval.end < start ? null : 'not over before the event';
  return interval.start >= start ? null : 'begins before the event';
}

/** The scenes nearest to a phase's date, each with the reason for its rejection, for an error. */
export function describeRejections(rejections: readonly Rejection[], phase: EventPhase): string {
  const nearest = rejections.toSorted(
    (a, b) => daysFrom(a.row, phase) - daysFrom(b.row, phase) || momentOf(a.row) - momentOf(b.row),
  );
  return nearest
    .slice(0, MOST_NAMED)
    .map(({ row, reason }) => `${row.id} of ${dateText(momentOf(row))} (${reason})`)
    .join(', ');
}

const MOST_NAMED = 3;

/** The date (UTC) of a moment. */
export function dateText(time: number): string {
  return Number.isFinite(time) ? new Date(time).toISOString().slice(0, 10) : 'no date';
}
