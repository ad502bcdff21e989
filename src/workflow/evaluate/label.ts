/** Labels: a raster of class values, or polygons. */
import { invalidInput, invalidOption } from '../../errors.js';
import { type GeoBox, noOverlap } from '../../geo/index.js';
import { memberOf } from '../../json/keys.js';
import { disposable } from '../../resource.js';
import { placeOf } from '../../vector/features.js';
import { type AreaFeatures, Rasterizer, type ReadVectorOptions, readAreas } from '../../vector/node/index.js';
import { isAreasPath, readFloodAreas } from '../flood-areas.js';
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
  /**
   * The class of each value of the label (`{ 1: 'water', 2: 'land' }`), a raster's or the class property's. Other values
   * are left out. Default: the values are the numbers of the map's classes, from 0.
   */
  labelMap?: Readonly<Record<string, string>>;
}

/** The value for unknown in labels without a nodata value. */
const LABEL_IGNORE = -1;

/** Stands for values that `labelMap` does not name. */
const NO_CLASS = -2;

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
  if (isAreasPath(options.label)) {
    if (options.band !== undefined) {
      throw invalidOption('band', `has no meaning for ${options.label}`, 'leave it out for polygons');
    }
    const ofClasses = options.classProperty !== undefined;
    const areas = await (ofClasses ? readAreas : readFloodAreas)(options.label, read);
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
  const { band = 1, labelMap } = options;
  const numbers = labelMap === undefined ? null : new Map<number, number>();
  for (const [value, name] of Object.entries(labelMap ?? {})) {
    if (value.trim() === '' || !Number.isFinite(Number(value))) {
      throw invalidOption('labelMap', `cannot have the value "${value}"`, 'give numbers of the raster');
    }
    numbers?.set(Number(value), findClass('labelMap', name, classes));
  }
  const reading = { band, resampling: 'nearest', unscale: false } as const;
  const layer = await RasterLayer.open(options.label, geobox, reading, read.signal);
  const ignored = layer.raster.bands[band - 1].nodata === null ? LABEL_IGNORE : null;
  const readRows: GridLayer['readRows'] = async (rows, signal) => {
    const values = await layer.readRows(rows, signal);
    for (let i = 0; i < values.length; i++) {
      if (values[i] === ignored) values[i] = Number.NaN;
      else if (numbers !== null && !Number.isNaN(values[i])) values[i] = numbers.get(values[i]) ?? NO_CLASS;
    }
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
  const { classProperty: property, labelMap } = options;
  if (labelMap !== undefined && property === undefined) {
    const remedy = 'name the property with `classProperty`';
    throw invalidOption('labelMap', `has no meaning for the polygons of ${areas.name}`, remedy);
  }
  if (property !== undefined) {
    return areas.features.map(({ properties }) => {
      const value = memberOf(properties, property);
      if (value === undefined) {
        const problem = `has a polygon without the property ${property}`;
        throw invalidInput(areas.name, problem, 'choose another with `classProperty`');
      }
      const name = labelMap?.[String(value)];
      if (name !== undefined) return findClass('labelMap', name, classes);
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

/** @throws {TerrachipError} INVALID_INPUT for a label whose classes are numbered from 1 */
export function requireNumbering(
  label: string | undefined,
  { counts, others }: { readonly counts: readonly (readonly number[])[]; readonly others: readonly number[] },
  classes: readonly string[],
): void {
  if (label === undefined || others.join() !== String(classes.length) || counts[0].some((n) => n > 0)) return;
  const [last] = others;
  const wanted = classes.map((name, k) => `${k + 1}=${name}`).join(',');
  throw invalidInput(
    label,
    `has the values 1 to ${last}, and the classes of the map are numbered from 0 to ${last - 1}`,
    `say what its values are with \`labelMap\`: ${wanted}`,
  );
}

/** The number of the class `name`. @throws {TerrachipError} INVALID_OPTION */
export function findClass(option: string, name: string, classes: readonly string[]): number {
  const found = classes.indexOf(name);
  if (found < 0) throw invalidOption(option, `cannot be "${name}"`, `choose one of ${classes.join(', ')}`);
  return found;
}
