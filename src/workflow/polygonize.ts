/** Polygonizes class maps in strips, in longitude and latitude. */
import { invalidInput, invalidOption } from '../errors.js';
import { gridStrips, rangeOf, type TypedArray } from '../geo/index.js';
import { requireOutput } from '../io/node/inputs.js';
import { type OperationOptions, pixelsOf, reportPlan, reportProgress } from '../progress.js';
import { type BandInfo, openRaster, type Raster, readPixels } from '../raster/node/index.js';
import { requireReal } from '../raster/request.js';
import { AREA_TYPES, classPolygons } from '../vector/class-polygons.js';
import type { ClassArray } from '../vector/node/index.js';
import { POLYGON_FORMATS, PolygonFile } from '../vector/node/polygon-file.js';
import { requireGeobox } from './target-grid.js';

/** The class map to polygonize, and the values. */
export interface PolygonizeOptions extends OperationOptions {
  /** A raster of integers. Those of 64 bits must fit into int32. */
  source: string;
  /** The file to write: GeoJSON, FlatGeobuf (`.fgb`) or GeoParquet (`.parquet`) by its ending. */
  destination: string;
  /** From 1 (default 1). */
  band?: number;
  /** Only areas of these values (default: all but nodata). */
  values?: readonly number[];
  /** Default: the nodata value of the file. */
  nodata?: number;
}

/** The areas that `polygonizeFile` wrote. */
export interface PolygonizeReport {
  destination: string;
  /** 4-connected areas of equal pixels. */
  areas: number;
  /** Areas and km² on the ground by value. */
  values: { value: number; areas: number; km2: number }[];
  /** Most corners of unfinished outlines in memory at a time; 17 bytes each. */
  peakCorners: number;
}

export async function polygonizeFile(options: PolygonizeOptions): Promise<PolygonizeReport> {
  const { source, destination, band = 1, values, signal, onProgress } = options;
  await requireOutput(destination, { formats: POLYGON_FORMATS, inputs: [source] });
  await using raster = await openRaster(source, { signal, onProgress });
  const geobox = requireGeobox(raster);
  const info = raster.bands[band - 1];
  if (info === undefined) {
    throw invalidOption('band', `cannot be ${band}`, `choose one of 1 to ${raster.bands.length}`);
  }
  requireReal(raster, [info]);
  const { nodata = info.nodata } = options;
  const { class: _, ...types } = AREA_TYPES;
  const totals = new Map<number, { value: number; areas: number; km2: number }>();
  reportPlan(options, 'polygonize', {
    reads: `${pixelsOf(raster.width, raster.height, 1)} of ${raster.name}`,
    writes: `outlines of areas of equal pixels to ${destination}`,
  });
  await using file = await PolygonFile.create(destination, types);
  const polygonizer = classPolygons({
    geobox,
    values,
    onArea: (polygons, properties) => {
      file.add(polygons, { ...properties });
      const { value, km2 } = properties;
      const entry = totals.get(value) ?? { value, areas: 0, km2: 0 };
      totals.set(value, { value, areas: entry.areas + 1, km2: entry.km2 + km2 });
    },
  });
  for (const { start: y, end } of gridStrips(geobox)) {
    signal?.throwIfAborted();
    const { planes, valid } = await readPixels(raster, {
      window: { x: 0, y, width: raster.width, height: end - y },
      bands: [{ index: band, nodata }],
      signal,
    });
    polygonizer.addRows(requireClasses(raster, info, planes[0], valid[0]), valid[0]);
    await file.flush();
    reportProgress(options, 'polygonize', end, raster.height, 'rows');
  }
  polygonizer.finish();
  await file.finish();
  return {
    destination,
    areas: file.count,
    values: [...totals.values()].sort((a, b) => a.value - b.value),
    peakCorners: polygonizer.peakCorners,
  };
}

/** The values as classes. @param valid values are checked where it is 1 */
function requireClasses(
  { name }: Raster,
  { storedType }: BandInfo,
  plane: TypedArray,
  valid: Uint8Array,
): ClassArray {
  if (plane instanceof Float64Array && /^u?int64$/.test(storedType)) {
    const { min, max } = rangeOf('int32');
    const outside = plane.find((value, i) => valid[i] === 1 && (value < min || value > max));
    if (outside === undefined) return Int32Array.from(plane);
    const problem = `holds the class ${outside}, which does not fit into int32`;
    throw invalidInput(name, problem, `number the classes from ${min} to ${max}`);
  }
  if (plane instanceof Float32Array || plane instanceof Float64Array) {
    const remedy = 'give a raster of integers (gdal_translate -ot Int32)';
    throw invalidInput(name, `holds ${storedType}, which is not a type of classes`, remedy);
  }
  return plane;
}
