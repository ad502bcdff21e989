/** Reads rasters at the size of a picture. */
import { Affine, Crs, createTransform, GeoBox, geodesicLength } from '../../geo/index.js';
import { type Raster, readPixels } from '../../raster/node/index.js';
import { requireReal } from '../../raster/request.js';

/** Physical values; NaN for nodata. */
export interface ReducedImage {
  readonly width: number;
  readonly height: number;
  readonly planes: readonly Float32Array[];
}

/**
 * The size of a picture whose longer side is at most `size`. No side has more pixels than the raster.
 * @param aspect of the raster's pixels, as `pixelAspect` gives it
 */
export function pictureSize(width: number, height: number, size: number, aspect = 1): [number, number] {
  const scale = Math.min(1 / Math.max(1, aspect), size / Math.max(width * aspect, height));
  return [Math.max(1, Math.round(width * aspect * scale)), Math.max(1, Math.round(height * scale))];
}

/**
 * Width of a grid's pixels by their height: on the ground at the centre for a grid in degrees, where it is about the
 * cosine of the latitude; else in the units of the grid. 1 where the ground cannot be computed.
 */
export function pixelAspect(geobox: GeoBox | null): number {
  if (geobox === null) return 1;
  const [x, y] = [geobox.width / 2, geobox.height / 2];
  const { forward } = createTransform(geobox.crs, Crs.wgs84);
  const length = (dx: number, dy: number): number => {
    const from = geobox.transform.apply(x - dx / 2, y - dy / 2);
    const to = geobox.transform.apply(x + dx / 2, y + dy / 2);
    if (!geobox.crs.isGeographic) return Math.hypot(to[0] - from[0], to[1] - from[1]);
    return geodesicLength(forward(...from), forward(...to));
  };
  const aspect = length(1, 0) / length(0, 1);
  return aspect > 0 && Number.isFinite(aspect) ? aspect : 1;
}

/** The grid of a picture that shows a whole grid. */
export function pictureGrid(geobox: GeoBox, width: number, height: number): GeoBox {
  const scale = Affine.scale(geobox.width / width, geobox.height / height);
  return new GeoBox(geobox.crs, geobox.transform.compose(scale), width, height);
}

/** Reads the smallest overview that is as large as the picture, and subsamples it by nearest neighbour. */
export async function readReduced(
  raster: Raster,
  bands: readonly number[],
  [width, height]: readonly [number, number],
  signal?: AbortSignal,
): Promise<ReducedImage> {
  requireReal(
    raster,
    bands.map((band) => raster.bands[band - 1]),
  );
  const sizes = [[raster.width, raster.height] as const, ...raster.overviews];
  const level = sizes.findLastIndex(([w, h]) => w >= width && h >= height);
  const [fullWidth, fullHeight] = sizes[level];
  const request = { bands, level, signal };
  const planes = bands.map(() => new Float32Array(width * height));
  // One row of blocks at a time, since a large image may have no overviews.
  const rowsPerRead = Math.max(1, raster.blockSize[1]);
  const sourceRows = Array.from({ length: height }, (_, y) => Math.floor(((y + 0.5) * fullHeight) / height));
  for (let y = 0; y < height; ) {
    const start = Math.floor(sourceRows[y] / rowsPerRead) * rowsPerRead;
    const end = Math.min(fullHeight, start + rowsPerRead);
    const window = { x: 0, y: start, width: fullWidth, height: end - start };
    const rows = await readPixels(raster, { ...request, window });
    for (; y < height && sourceRows[y] < end; y++) {
      for (const [i, row] of rows.planes.entries()) {
        const { scale, offset } = raster.bands[bands[i] - 1];
        const from = (sourceRows[y] - start) * fullWidth;
        for (let x = 0; x < width; x++) {
          const at = from + Math.floor(((x + 0.5) * fullWidth) / width);
          planes[i][y * width + x] = rows.valid[i][at] === 0 ? Number.NaN : row[at] * scale + offset;
        }
      }
    }
  }
  return { width, height, planes };
}
