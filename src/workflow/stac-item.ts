/** `item.json`: a map and its products as a STAC item. */
import { bboxOf } from '../catalog/boxes.js';
import { gridFootprint } from '../catalog/place.js';
import type { GeoBox } from '../geo/index.js';
import type { MapSpec } from '../inference/node/index.js';
import { VERSION } from '../version.js';
import { POLYGON_FORMATS } from './choices.js';
import { POLYGON_TYPES } from './class-products.js';
import { CLASS_NODATA } from './classes.js';
import type { Plan } from './plan.js';

/**
 * A STAC 1.1 item for a map, with the projection and processing extensions.
 * @param files the products and the names of their files
 */
export function stacItem(
  plan: Plan,
  geobox: GeoBox,
  spec: MapSpec,
  files: readonly (readonly [product: string, file: string])[],
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
      'terrachip:licence': spec.licence,
      'terrachip:limitations': spec.limitations,
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
    assets: Object.fromEntries(files.map(([product, file]) => [product, assetOf(product, file, spec)])),
  };
}

const COG_TYPE = 'image/tiff; application=geotiff; profile=cloud-optimized';

/** Type, role and title of each product. */
const ASSETS: Readonly<Record<string, readonly [type: string, role: string, title: string]>> = {
  probability: [COG_TYPE, 'data', 'Probability of each class'],
  values: [COG_TYPE, 'data', 'Estimated quantities'],
  classes: [COG_TYPE, 'data', 'Most probable class'],
  polygons: [POLYGON_TYPES.geojson, 'data', 'Areas of equal class in longitude and latitude'],
  quicklook: ['image/png', 'overview', 'Map at a glance'],
  statistics: ['application/json', 'metadata', 'Areas of the classes in km², or statistics of the values'],
  run: ['application/json', 'metadata', 'How the map was made'],
};

function assetOf(product: string, file: string, { output }: MapSpec): Record<string, unknown> {
  const [type, role, title] = ASSETS[product];
  const asset = { href: `./${file}`, type, roles: [role], title };
  const ending = POLYGON_FORMATS.find((each) => product === 'polygons' && file.endsWith(`.${each}`));
  if (ending !== undefined) return { ...asset, type: POLYGON_TYPES[ending] };
  if (product === 'values' && 'values' in output) {
    const bands = output.values.map(({ name, units }) => ({
      name,
      data_type: 'float32',
      nodata: 'nan',
      unit: units,
    }));
    return { ...asset, bands, 'terrachip:values': output.values };
  }
  if (!('classes' in output)) return asset;
  const { classes } = output;
  if (product === 'probability') {
    return { ...asset, bands: classes.map(({ name }) => ({ name, data_type: 'float32', nodata: 'nan' })) };
  }
  if (product !== 'classes') return asset;
  const apart = output.task === 'multilabel';
  const bands = apart ? classes : [{ name: 'class' }];
  return {
    ...asset,
    title: apart ? 'Classes above the threshold, a band each' : title,
    bands: bands.map(({ name }) => ({ name, data_type: 'uint8', nodata: CLASS_NODATA })),
    'terrachip:classes': classes.map(({ name, colour }, value) => ({ value, name, colour })),
    ...(apart ? { 'terrachip:multilabel': true } : {}),
  };
}
