/** The manifest of chosen scenes. */
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { type CatalogRow, propertyOf, textOf } from '../../catalog/row.js';
import { invalidInput } from '../../errors.js';
import { isAddress } from '../../io/schemes.js';
import { withoutSignature } from '../../io/signature.js';
import { withoutUndefined } from '../../json.js';
import type { Units } from '../../raster/units.js';
import type { AcquisitionDocument, AcquisitionItem } from '../acquisition.js';
import { resolveHref } from '../scene.js';
import type { AcquireEvent, EventModality } from './event.js';
import type { Chosen } from './select.js';

/** The scenes of one modality in one phase; the phase is null for tiles without one. */
export interface DraftPhase {
  readonly phase: string | null;
  readonly modality: string;
  readonly scenes: readonly Chosen[];
  /** The share of the area that they cover together, from 0 to 1. */
  readonly covered: number;
}

/** What was chosen for an event. */
export interface Draft {
  readonly phases: readonly DraftPhase[];
  readonly missing: readonly { readonly phase: string; readonly modality: string }[];
}

interface ManifestSettings {
  readonly likeSeed: boolean;
  readonly warnings: string[];
  readonly output: string;
}

/** The manifest of what was chosen. */
export function manifestOf(
  event: AcquireEvent,
  { phases, missing }: Draft,
  { likeSeed, warnings, output }: ManifestSettings,
): AcquisitionDocument {
  const { modalities } = event;
  const byName = <T>(value: (modality: EventModality) => T): Record<string, T> =>
    Object.fromEntries(modalities.map((modality) => [modality.name, value(modality)]));
  const itemsOf = ({ modality: name, scenes }: DraftPhase): AcquisitionItem[] => {
    const modality = modalities.find((candidate) => candidate.name === name)!;
    return scenes.map((scene) => itemOf(scene, modality, event, output));
  };
  const selected: AcquisitionDocument['selected'] = {};
  for (const { name } of event.phases) {
    const own = phases.filter(({ phase }) => phase === name);
    selected[name] = Object.fromEntries(own.map((phase) => [phase.modality, itemsOf(phase)]));
  }
  const lacking: Record<string, string[]> = {};
  for (const { phase, modality } of missing) lacking[phase] = [...(lacking[phase] ?? []), modality];
  return {
    schemaVersion: 1,
    event: {
      name: event.name,
      bbox: [...event.bbox],
      target_crs: event.targetCrs,
      phase_dates: Object.fromEntries(event.phases.map(({ name, date }) => [name, date])),
    },
    phase_order: event.phases.map(({ name }) => name),
    collections: byName(({ collection }) => collection),
    assets: byName(({ assets }) => [...assets]),
    units: {},
    selected,
    dem_items: phases.filter(({ phase }) => phase === null).flatMap(itemsOf),
    selection: {
      like_seed: likeSeed,
      catalogs: byName(({ catalog }) => placed(catalog, output)),
      missing: lacking,
      warnings,
    },
    ...(event.label && { label: { href: placed(resolveHref(event, event.label.href), output) } }),
  };
}

function itemOf(
  { row, overlap, cloud, days, fillsGaps }: Chosen,
  modality: EventModality,
  event: AcquireEvent,
  output: string,
): AcquisitionItem {
  const number = (name: string): number | undefined => {
    const value = propertyOf(row, name);
    return typeof value === 'number' ? value : undefined;
  };
  const orbitState = textOf(row, 'sat:orbit_state') ?? undefined;
  return {
    collection: modality.collection,
    id: row.id,
    ...withoutUndefined({
      datetime: modality.isStatic ? undefined : (dateOf(row) ?? undefined),
      days_from_phase: modality.isStatic ? undefined : days,
      aoi_overlap_frac: overlap,
      orbit_state: orbitState,
      relative_orbit: number('sat:relative_orbit'),
      'eo:cloud_cover': number('eo:cloud_cover'),
      cloud_over_area: cloud?.source === 'scl' ? cloud.percent : undefined,
      cloud_source: cloud?.source,
      fills_gaps: fillsGaps || undefined,
      units: unitsOf(row, modality, event),
    }),
    assets: Object.fromEntries(
      modality.assets.map((key) => [key, { href: placed(row.assets[key].href, output) }]),
    ),
  };
}

/**
 * The units of a scene: from the event file, else from the collection and the item.
 * @throws {TerrachipError} INVALID_INPUT for assets in several units, or in none that is known
 */
function unitsOf(row: CatalogRow, modality: EventModality, event: AcquireEvent): Units {
  if (modality.units !== undefined) return modality.units;
  const units = modality.assets.map((key) => {
    const { units: own, everyBand, bands } = row.assets[key];
    return own ?? everyBand?.units ?? bands?.[0]?.units;
  });
  const [first] = units;
  if (first !== undefined && units.every((own) => own === first)) return first;
  const known = [...new Set(units)].map((own) => own ?? 'unknown units').join(' and ');
  throw invalidInput(
    event.path,
    `finds ${modality.name} in ${known} in the item ${row.id}`,
    `give modalities.${modality.name}.units`,
  );
}

/**
 * An address as a manifest names it: without user, password and signature. A path is relative to the manifest, unless it
 * is absolute and leads elsewhere.
 */
export function placed(href: string, output: string): string {
  if (isAddress(href)) return withoutSignature(href).replace(/^([a-z][a-z\d+.-]*:\/\/)[^/@?#]*@/i, '$1');
  const path = relative(dirname(resolve(output)), resolve(href));
  return isAbsolute(href) && path.startsWith('..') ? href : path;
}

/** ISO 8601; null for a scene without a date. */
export function dateOf(row: CatalogRow): string | null {
  const { start } = row.interval;
  return textOf(row, 'datetime') ?? (Number.isFinite(start) ? new Date(start).toISOString() : null);
}
