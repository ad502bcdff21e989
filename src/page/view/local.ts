/** Warping in the page: its WebGPU device, and files that it reads by ranges. */
import { registerCommonEpsg } from '../../geo/common-epsg.js';
import { type Backend, isSoftware, WebGpuBackend } from '../../gpu/index.js';
import { MapTiles } from '../../raster/map-tiles.js';
import { openRaster } from '../../raster/open.js';
import type { Raster } from '../../raster/raster.js';
import type { LayerDocument } from '../../workflow/view/documents.js';

/** The page's device, and whether it is a GPU, not a software emulation. */
export interface PageDevice {
  readonly backend: Backend;
  readonly isHardware: boolean;
}

/** Null if the browser has no WebGPU. */
export async function pageDevice(): Promise<PageDevice | null> {
  try {
    registerCommonEpsg();
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) return null;
    return { backend: await WebGpuBackend.request(adapter), isHardware: !isSoftware(adapter.info) };
  } catch {
    return null;
  }
}

/**
 * The tiles of a layer, read and warped by the page; null if the page's raster differs from the server's, whose reader also
 * uses sidecar files and more CRSs.
 */
export async function tilesOfPage(
  base: string,
  layer: LayerDocument,
  backend: Backend,
): Promise<MapTiles | null> {
  if (!layer.hasFile) return null;
  let raster: Raster | null = null;
  try {
    raster = await openRaster(`${base}file/${layer.id}`);
    if (isSame(raster, layer)) return new MapTiles(backend, raster);
  } catch {
    // The server reads it.
  }
  await raster?.dispose();
  return null;
}

function isSame(raster: Raster, layer: LayerDocument): boolean {
  const { width, height, mask, compression, crs } = raster;
  return (
    width === layer.width &&
    height === layer.height &&
    compression === layer.compression &&
    (mask ?? '') === layer.mask &&
    String(crs) === layer.crs &&
    raster.transform?.toTuple().join() === layer.transform.join() &&
    raster.overviews.length === layer.overviews &&
    raster.bands.length === layer.bands.length &&
    raster.bands.every(({ storedType, scale, offset, nodata }, k) => {
      const band = layer.bands[k];
      const sameNodata = (nodata === null ? '' : String(nodata)) === band.nodata;
      return storedType === band.dtype && scale === band.scale && offset === band.offset && sameNodata;
    })
  );
}
