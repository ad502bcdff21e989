import { GEO_KEY, RASTER_PIXEL_IS_POINT } from '../../geo/geo-keys.js';
import { Affine, crsFromGeoKeys, type GeoKeys, parseGeoKeys } from '../../geo/index.js';
import type { ByteSource } from '../../io/index.js';
import { decodeText } from '../../text.js';
import type { GroundControlPoint, Raster } from '../raster.js';
import { TAG, type TagReader } from './directory.js';

/** The georeference of an image; see `Raster` for each field. */
export type Georeference = Pick<Raster, 'crs' | 'transform' | 'gcps' | 'hasRpc' | 'placeProblem'>;

/** Reads the GeoTIFF keys, and the transform or ground control points from tags, or the world file. */
export async function readGeoreference(tags: TagReader, worldFile?: ByteSource): Promise<Georeference> {
  const keys = await readGeoKeys(tags);
  const { crs, problem, degreesPerUnit } = crsFromGeoKeys(keys);
  const pixelIsPoint = keys.get(GEO_KEY.RasterType) === RASTER_PIXEL_IS_POINT;
  const own = await readTransform(tags);
  // The tie point of a pixel-is-point raster is the centre of a pixel.
  const placed = own !== null && pixelIsPoint ? own.compose(Affine.translation(-0.5, -0.5)) : own;
  const tiePoints = placed === null ? await readTiePoints(tags, pixelIsPoint ? 0.5 : 0) : [];
  const beside = placed === null && tiePoints.length === 0 ? await readWorldFile(worldFile) : null;
  const transform = placed ?? beside;
  const scale = Affine.scale(degreesPerUnit, degreesPerUnit);
  const hasRpc = tags.has(TAG.RpcCoefficients);
  if (tiePoints.length > 0) {
    const points = tiePoints.map((p) => ({ ...p, x: p.x * degreesPerUnit, y: p.y * degreesPerUnit }));
    return { crs: null, transform: null, gcps: { crs, points }, hasRpc, placeProblem: problem };
  }
  return {
    crs,
    transform: transform === null || degreesPerUnit === 1 ? transform : scale.compose(transform),
    gcps: null,
    hasRpc,
    placeProblem: problem,
  };
}

async function readGeoKeys(tags: TagReader): Promise<GeoKeys> {
  const directory = await tags.numbers(TAG.GeoKeyDirectory);
  if (directory === null) return new Map();
  const doubles = (await tags.numbers(TAG.GeoDoubleParams)) ?? [];
  return parseGeoKeys(directory, doubles, (await tags.text(TAG.GeoAsciiParams)) ?? '');
}

async function readTransform(tags: TagReader): Promise<Affine | null> {
  const scale = await tags.numbers(TAG.ModelPixelScale);
  const tie = await tags.numbers(TAG.ModelTiepoint);
  if (scale !== null && tie !== null && tie.length >= 6 && scale[0] !== 0 && scale[1] !== 0) {
    const sx = scale[0];
    // A negative scale would mean south up, but is nearly always a writer's mistake; as in GDAL its sign is ignored.
    const sy = Math.abs(scale[1]);
    return usable(new Affine(sx, 0, tie[3] - tie[0] * sx, 0, -sy, tie[4] + tie[1] * sy));
  }
  const matrix = await tags.numbers(TAG.ModelTransformation);
  if (matrix === null || matrix.length < 8) return null;
  return usable(new Affine(matrix[0], matrix[1], matrix[3], matrix[4], matrix[5], matrix[7]));
}

/** Tie points without a scale are ground control points: column, row, depth, x, y, z of each. */
async function readTiePoints(tags: TagReader, halfPixel: number): Promise<GroundControlPoint[]> {
  const values = (await tags.numbers(TAG.ModelTiepoint)) ?? [];
  return Array.from({ length: Math.floor(values.length / 6) }, (_, k) => {
    const [column, row, , x, y, z] = values.slice(6 * k, 6 * k + 6);
    return { column: column + halfPixel, row: row + halfPixel, x, y, z };
  });
}

/** Larger files are no world files. */
const WORLD_FILE_BYTES = 4096;

/** Six lines: a, d, b, e, and the centre of the first pixel. */
async function readWorldFile(file?: ByteSource): Promise<Affine | null> {
  if (file === undefined || file.size > WORLD_FILE_BYTES) return null;
  const text = decodeText(await file.read(0, file.size));
  const lines = text.split(/\s+/).filter((word) => word !== '');
  const [a, d, b, e, x, y] = lines.map((word) => Number(word.replace(',', '.')));
  if (lines.length < 6) return null;
  return usable(new Affine(a, b, x, d, e, y).compose(Affine.translation(-0.5, -0.5)));
}

function usable(transform: Affine): Affine | null {
  const finite = transform.toTuple().every(Number.isFinite);
  return finite && transform.determinant !== 0 ? transform : null;
}
