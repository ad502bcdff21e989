/** Polygons of a flood: which layer of a file has them, and which of its features. */

import { pathOf } from '../io/open-url.js';
import type { AreaFeatures } from '../vector/features.js';
import { isVectorPath, type ReadVectorOptions, readAreas } from '../vector/node/index.js';

/**
 * Names of layers with the extent of a flood, best first. Rapid Mapping of Copernicus EMS writes `…_observedEventA_…`
 * since 2019, `…_observed_event_a` before that and `…_crisis_information_poly` until 2017; its Risk and Recovery Mapping
 * `…_MaxFloodExtent`.
 */
export const FLOOD_LAYERS: readonly RegExp[] = [
  /observed_?event_?a(_|$)/i,
  /max_?flood_?extent/i,
  /flood(ed)?_?(extent|area)/i,
  /crisis_?information_?poly/i,
  /observed_?event/i,
  /flood/i,
];

/** Whether a path names polygons: a vector file, or a zip file of such. */
export function isAreasPath(path: string): boolean {
  return isVectorPath(path) || /\.zip$/i.test(pathOf(path));
}

/**
 * Reads the polygons of a flood. If no layer is named, the best by `FLOOD_LAYERS` is read. EMS also maps landslides and
 * other events: if the property `event_type` distinguishes them, only floods are returned, with a warning.
 * @throws {TerrachipError} as `readAreas`
 */
export async function readFloodAreas(path: string, options: ReadVectorOptions = {}): Promise<AreaFeatures> {
  const areas = await readAreas(path, { preferred: FLOOD_LAYERS, ...options });
  const isFlood = areas.features.map(({ properties }) => {
    const type = properties.event_type;
    return typeof type === 'string' ? /flood/i.test(type) : null;
  });
  if (!isFlood.includes(true) || !isFlood.includes(false)) return areas;
  const features = areas.features.filter((_, k) => isFlood[k] !== false);
  const left = areas.features.length - features.length;
  const message = `${areas.name} has ${left} of ${areas.features.length} features of another event_type than a flood, which are left out`;
  options.onProgress?.({ type: 'warning', message });
  return { ...areas, features };
}
