import { BlobSource } from 'terrachip/io';
import { GeoTiffRaster, openRaster, type Raster } from 'terrachip/raster';

/** Opens a GeoTIFF on a server or on this computer. Only its headers are read now; tiles are read when they are needed. */
export function open(place: string | Blob, name: string): Promise<Raster> {
  return typeof place === 'string' ? openRaster(place) : GeoTiffRaster.open(new BlobSource(place, name));
}
