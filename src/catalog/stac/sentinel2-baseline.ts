import type { CatalogValue } from '../row.js';

/** From this processing baseline on, Sentinel-2's digital numbers have 1000 added. */
const OFFSET_BASELINE = 4;

/** The baseline of products that users processed themselves, with any version of the processor. */
const OWN_BASELINE = 99.99;

/**
 * The processing baseline of an item of Sentinel-2 (`05.00`): a property, or in the name of its product (`…_N0500_…`).
 * @param id the item's, which may be that name
 */
export function baselineOf(properties: Readonly<Record<string, CatalogValue>>, id = ''): string | null {
  const stated = properties['s2:processing_baseline'] ?? properties['processing:version'];
  if (typeof stated === 'string' && /^\d+\.\d+$/.test(stated)) return stated;
  for (const name of [properties['s2:product_uri'], properties['sentinel:product_id'], id]) {
    const match = typeof name === 'string' ? /_N(\d{2})(\d{2})_/.exec(name) : null;
    if (match !== null) return `${match[1]}.${match[2]}`;
  }
  return null;
}

/** Whether products of a processing baseline have an offset; null if unknown. */
export function hasOffset(baseline: string | null): boolean | null {
  const value = Number.parseFloat(baseline ?? '');
  if (!Number.isFinite(value) || value === OWN_BASELINE) return null;
  return value >= OFFSET_BASELINE;
}
