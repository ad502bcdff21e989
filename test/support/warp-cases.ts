import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Affine, allocateArray, type Dtype, GeoBox, type TypedArray } from '../../src/geo/node/index.js';

interface GridJson {
  epsg: number;
  geotransform: [number, number, number, number, number, number];
}

type Numbers = (number | null)[];

/** A case of scripts/truth/warp.py: GDAL 3.6.2's warps of a small raster, by resampling. */
interface CaseJson {
  dtype: Dtype;
  shape: [number, number];
  source: GridJson;
  nodata: number | 'nan' | null;
  values: Numbers;
  destination: GridJson & { width: number; height: number };
  scale?: number;
  [resampling: string]: unknown;
}

export interface WarpCase {
  source: TypedArray;
  /** The source as floats with NaN for nodata, for the float64 reference. */
  floats: Float64Array;
  from: GeoBox;
  to: GeoBox;
  nodata: number | null;
  /** XSCALE and YSCALE. */
  scale: number;
  /** GDAL's result by one of its names. */
  truth(name: string): Float32Array | null;
}

export function caseNames(folder: string): string[] {
  return readdirSync(join('test/fixtures', folder)).map((file) => file.replace('.json', ''));
}

export function readCase(folder: string, name: string): WarpCase {
  const json = JSON.parse(readFileSync(join('test/fixtures', folder, `${name}.json`), 'utf8')) as CaseJson;
  const numbers = (values: Numbers): Float32Array => Float32Array.from(values, (v) => v ?? Number.NaN);
  const source: TypedArray = allocateArray(json.dtype, json.values.length);
  source.set(numbers(json.values));
  const [height, width] = json.shape;
  const { destination, scale = 1 } = json;
  const nodata = json.nodata === 'nan' ? Number.NaN : json.nodata;
  return {
    source,
    floats: Float64Array.from(source, (v) => (v === nodata ? Number.NaN : v)),
    from: new GeoBox(json.source.epsg, Affine.fromGeoTransform(json.source.geotransform), width, height),
    to: new GeoBox(
      destination.epsg,
      Affine.fromGeoTransform(destination.geotransform),
      destination.width,
      destination.height,
    ),
    nodata,
    scale,
    truth: (key) => (json[key] === undefined ? null : numbers(json[key] as Numbers)),
  };
}
