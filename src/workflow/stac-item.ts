import { bboxOf } from '../catalog/boxes.js';
import { gridFootprint } from '../catalog/place.js';
import type { GeoBox } from '../geo/index.js';
import { VERSION } from '../version.js';
import type { Plan } from './plan.js';

/** A STAC 1.1 item for a map, with the projection and processing extensions. */
export function stacItem(
  plan: Plan,
  geobox: GeoBox,
  assets: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const footprint = gridFootprint(geobox, plan.scene.id);
  const datetime = plan.scene.datetime === null ? null : new Date(plan.scene.datetime).toISOString();
  const now = new Date().toISOString();
  return {
    type: 'Feature',
    stac_version: '1.1.0',
    stac_extensions: [
      'https://stac-extensions.github.io/projection/v2.0.0/schema.json',
      'https://stac-extensions.github.io/processing/v1.2.0/schema.json',
    ],
    id: `${plan.scene.id}-${plan.model.name}`,
    bbox: bboxOf(footprint),
    geometry:
      footprint.length === 1
        ? { type: 'Polygon', coordinates: footprint[0] }
        : { type: 'MultiPolygon', coordinates: footprint },
    properties: {
      // STAC requires a start and an end where datetime is null; a map of unknown date gets the time of its creation.
      datetime,
      ...(datetime === null ? { start_datetime: now, end_datetime: now } : {}),
      created: now,
      'proj:code': geobox.crs.epsg === null ? null : `EPSG:${geobox.crs.epsg}`,
      'proj:shape': [geobox.height, geobox.width],
      'proj:transform': geobox.transform.toTuple(),
      'processing:software': { terrachip: VERSION },
      'processing:lineage': `${plan.model.name} ${plan.model.version} (sha256 ${plan.model.sha256}) on ${plan.backend.kind} and ${plan.provider}`,
      'terrachip:fingerprint': plan.fingerprint,
      'terrachip:inputs': plan.images.map(({ input, phase, scenePhase, units, sources }) => ({
        input,
        phase,
        scenePhase,
        units,
        sources: sources.map(({ href, band }) => ({ name: href.split('/').at(-1), band })),
      })),
    },
    links: [],
    assets,
  };
}
