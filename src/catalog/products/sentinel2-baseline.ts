/** From this processing baseline on, Sentinel-2's digital numbers have 1000 added. */
const OFFSET_BASELINE = 4;

/** What products have that users made themselves, with any version of the processor. */
const OWN_BASELINE = 99.99;

/** Whether products of a processing baseline (`04.00`) have an offset; null where it does not tell. */
export function hasOffset(baseline: string | null): boolean | null {
  const value = Number.parseFloat(baseline ?? '');
  if (!Number.isFinite(value) || value === OWN_BASELINE) return null;
  return value >= OFFSET_BASELINE;
}
