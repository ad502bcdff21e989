import {
  Affine,
  type Crs,
  crsFromGeoKeys,
  GEO_KEY,
  parseGeoKeys,
  RASTER_PIXEL_IS_POINT,
} from '../../geo/index.js';
import { TAG, type TagReader } from './directory.js';

export interface Georeference {
  readonly crs: Crs | null;
  /** Pixel (corner-based) to CRS coordinates; null when the file has none. */
  readonly transform: Affine | null;
}

/** Reads where an image lies: its GeoTIFF keys and its tie point, pixel scale or transformation. */
export async function readGeoreference(tags: TagReader): Promise<Georeference> {
  const directory = await tags.numbers(TAG.GeoKeyDirectory);
  const doubles = (await tags.numbers(TAG.GeoDoubleParams)) ?? [];
  const ascii = (await tags.text(TAG.GeoAsciiParams)) ?? '';
  const keys =
    directory === null ? new Map<number, number | string>() : parseGeoKeys(directory, doubles, ascii);
  const transform = await readTransform(tags);
  const pixelIsPoint = keys.get(GEO_KEY.RasterType) === RASTER_PIXEL_IS_POINT;
  return {
    crs: crsFromGeoKeys(keys),
    // The tie point of a point raster is the centre of a pixel: half a pixel down and right of its corner.
    transform:
      transform !== null && pixelIsPoint ? transform.compose(Affine.translation(-0.5, -0.5)) : transform,
  };
}

async function readTransform(tags: TagReader): Promise<Affine | null> {
  const matrix = await tags.numbers(TAG.ModelTransformation);
  if (matrix !== null && matrix.length >= 8) {
    return usable(new Affine(matrix[0], matrix[1], matrix[3], matrix[4], matrix[5], matrix[7]));
  }
  const scale = await tags.numbers(TAG.ModelPixelScale);
  const tie = await tags.numbers(TAG.ModelTiepoint);
  if (scale === null || scale.length < 2 || tie === null || tie.length < 6) return null;
  const sx = scale[0];
  // By the standard a negative scale would mean south up, but it is nearly always a writer's mistake; so GDAL decided.
  const sy = Math.abs(scale[1]);
  return usable(new Affine(sx, 0, tie[3] - tie[0] * sx, 0, -sy, tie[4] + tie[1] * sy));
}

function usable(transform: Affine): Affine | null {
  return Number.isFinite(transform.determinant) && transform.determinant !== 0 ? transform : null;
}
