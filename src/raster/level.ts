import { Affine, GeoBox, transformBounds } from '../geo/index.js';
import type { Raster, WindowRequest } from './raster.js';

/**
 * A raster as it looks at the resolution of a coarser grid: the reduced image that is still at least as fine there,
 * or the raster itself. Closing it closes the raster.
 */
export function atResolutionOf(raster: Raster, target: GeoBox): Raster {
  const { geobox } = raster;
  if (geobox === null || raster.overviews.length === 0) return raster;
  const [x0, y0, x1, y1] = transformBounds(target.bounds, target.crs, geobox.crs);
  const [pixelWidth, pixelHeight] = geobox.resolution;
  const factor = Math.min((x1 - x0) / target.width / pixelWidth, (y1 - y0) / target.height / pixelHeight);
  const index = raster.overviews.findLastIndex(([width]) => raster.width / width <= factor);
  if (index < 0) return raster;
  const [width, height] = raster.overviews[index];
  const scale = Affine.scale(raster.width / width, raster.height / height);
  const transform = geobox.transform.compose(scale);
  return {
    name: raster.name,
    width,
    height,
    bands: raster.bands,
    crs: raster.crs,
    transform,
    geobox: new GeoBox(geobox.crs, transform, width, height),
    compression: raster.compression,
    predictor: raster.predictor,
    blockSize: raster.blockSize,
    overviews: raster.overviews.slice(index + 1),
    colourTable: raster.colourTable,
    readPlanes: (request: WindowRequest = {}) =>
      raster.readPlanes({ ...request, level: (request.level ?? 0) + index + 1 }),
    read: (request: WindowRequest = {}) =>
      raster.read({ ...request, level: (request.level ?? 0) + index + 1 }),
    close: () => raster.close(),
  };
}
