/** Labels: a raster of class values, or polygons. */
import { invalidInput, invalidOption } from '../../errors.js';
import { type GeoBox, noOverlap } from '../../geo/index.js';
import { memberOf } from '../../json/keys.js';
import { disposable } from '../../resource.js';
import { placeOf } from '../../vector/features.js';
import {
  type AreaFeatures,
  isVectorPath,
  Rasterizer,
  type ReadVectorOptions,
  readAreas,
} from '../../vector/node/index.js';
import { areaLayer, type GridLayer, RasterLayer } from './layers.js';

/** The truth that a map is scored against. */
export interface LabelOptions {
  /** Polygons, or a raster of class numbers. Its nodata value (−1 if it declares none) means unknown. */
  label: string;
  /** The raster's band (default 1). */
  band?: number;
  /** The class of the polygons (default: the positive class). The rest of the map is the first class. */
  labelClass?: string;
  /** The property with the name or number of each polygon's class. */
  classProperty?: string;
}

/** The value for unknown in labels without a nodata value. */
const LABEL_IGNORE = -1;

/**
 * Opens a label on the map's grid: class numbers, NaN where unknown. Rasters are resampled by nearest neighbour. Polygons
 * are burned at pixel centres, over the first class.
 * @param read for polygons; its `signal` is used for rasters too
 * @throws {TerrachipError} INVALID_INPUT for a label that does not fit; INVALID_OPTION for an unknown class
 */
export async function openLabel(
  options: LabelOptions,
  geobox: GeoBox,
  classes: readonly string[],
  positive: number | null,
  read: ReadVectorOptions = {},
): Promise<GridLayer> {
  if (isVectorPath(options.label)) {
    if (options.band !== undefined) {
      throw invalidOption('band', `has no meaning for ${options.label}`, 'leave it out for polygons');
    }
    const areas = await readAreas(options.label, read);
    const values = classValues(areas, options, classes, positive);
    const rasterizer = new Rasterizer(areas, geobox);
    if (!rasterizer.isNear) throw noOverlap(options.label, placeOf(areas), 'the map', geobox);
    return areaLayer(rasterizer, values);
  }
  for (const option of ['labelClass', 'classProperty'] as const) {
    if (options[option] !== undefined) {
      throw invalidOption(option, `has no meaning for the raster ${options.label}`, 'leave it out');
    }
  }
  const band = options.band ?? 1;
  const reading = { band, resampling: 'nearest', unscale: false } as const;
  const layer = await RasterLayer.open(options.label, geobox, reading, read.signal);
  return layer.raster.bands[band - 1].nodata === null ? withoutIgnored(layer) : layer;
}

function withoutIgnored(layer: GridLayer): GridLayer {
  const readRows: GridLayer['readRows'] = async (rows, signal) => {
    const values = await layer.readRows(rows, signal);
    for (let i = 0; i < values.length; i++) if (values[i] === LABEL_IGNORE) values[i] = Number.NaN;
    return values;
  };
  return disposable({ readRows }, () => layer.dispose());
}

/** The class number of each feature. */
function classValues(
  areas: AreaFeatures,
  options: LabelOptions,
  classes: readonly string[],
  positive: number | null,
): number[] {
  const property = options.classProperty;
  if (property !== undefined) {
    return areas.features.map(({ properties }) => {
      const value = memberOf(properties, property);
      if (value === undefined) {
        const problem = `has a polygon without the property ${property}`;
        throw invalidInput(areas.name, problem, 'choose another with `classProperty`');
      }
      const found = typeof value === 'number' ? value : classes.indexOf(String(value));
      if (classes[found] === undefined) {
        throw invalidInput(
          areas.name,
          `has a polygon whose ${property} is ${JSON.stringify(value)}, which is not a class of the map`,
          `give one of ${classes.join(', ')}, or a number from 0 to ${classes.length - 1}`,
        );
      }
      return found;
    });
  }
  const value =
    options.labelClass === undefined ? positive : findClass('labelClass', options.labelClass, classes);
  if (value === null) {
    const problem = `is missing: the map has the classes ${classes.join(', ')}`;
    throw invalidOption('labelClass', problem, `name the class of the polygons in ${areas.name}`);
  }
  return areas.features.map(() => value);
}

/** The number of the class `name`. @throws {TerrachipError} INVALID_OPTION */
export function findClass(option: string, name: string, classes: readonly string[]): number {
  const found = classes.indexOf(name);
  if (found < 0) throw invalidOption(option, `cannot be "${name}"`, `choose one of ${classes.join(', ')}`);
  return found;
}
