import {
  type Backend,
  type BandInfo,
  type CogOptions,
  encodeCog,
  type MapTile,
  MapTiles,
  openRaster,
  type Units,
  unitConversion,
} from 'terrachip/raster';

export async function bandsOf(path: string, signal: AbortSignal): Promise<readonly BandInfo[]> {
  const raster = await openRaster(path);
  const { data } = await raster.read({ bands: [1], signal });
  const units: Units = data.length > 0 ? 'linear_power' : 'dB';
  return unitConversion(units, 'dB', path) === null ? [] : raster.bands;
}

export async function tileOf(backend: Backend, path: string, tile: MapTile): Promise<Float32Array[] | null> {
  const raster = await openRaster(path);
  return new MapTiles(backend, raster).read(tile, { resampling: 'bilinear' });
}

export function cogOf(values: Float32Array, options: CogOptions): Promise<Uint8Array<ArrayBuffer>> {
  return encodeCog([values], { ...options, dtype: 'float32' });
}
