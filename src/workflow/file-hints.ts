/** Guesses from the names and values of rasters. Callers report the guesses that they use. */
import { basename } from 'node:path';
import type { Raster } from '../raster/node/index.js';
import type { Units } from '../raster/units.js';

const POLARISATION = /(?:^|[^a-z])(vv|vh|hh|hv)(?:[^a-z]|$)/i;

/** The polarisation of a band, by its name or, for the only band, by the name of the file; null for other bands. */
export function polarisationOf(raster: Raster, name: string): string | null {
  const texts = raster.bands.length === 1 ? [name, basename(raster.name)] : [name];
  for (const text of texts) {
    const found = POLARISATION.exec(text)?.[1];
    if (found !== undefined) return found.toUpperCase();
  }
  return null;
}

/**
 * The units of a radar band that declares none: power is negative only where noise was subtracted, decibels of land and
 * water are negative. Null without finite values and for whole numbers, whose scale is unknown.
 */
export function radarUnits(
  values: Float32Array | Float64Array,
): Extract<Units, 'linear_power' | 'dB'> | null {
  let [below, valid, fractions] = [0, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    valid++;
    if (value < 0) below++;
    if (!Number.isInteger(value)) fractions++;
  }
  if (valid === 0 || fractions === 0) return null;
  return below > valid / 2 ? 'dB' : 'linear_power';
}

const DATE = /(?<!\d)((?:19|20)\d\d)([-_]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)/;

/** The date of a raster as `2021-07-15`: from its metadata, else the first in its name; null for none. */
export function dateOf(raster: Raster): string | null {
  const texts = [raster.metadata.IMAGERY?.ACQUISITIONDATETIME ?? '', basename(raster.name)];
  for (const text of texts) {
    const found = DATE.exec(text);
    if (found !== null) return `${found[1]}-${found[3]}-${found[4]}`;
  }
  return null;
}

const SENTINEL2 = /(?:^|[_.-])(B0[1-9]|B1[0-2]|B8A)(?:[_.-]|$)/i;
const HEIGHTS = /(?:^|[^a-z])(dem|dsm|dtm|elevation|height|heights|srtm)(?:[^a-z]|$)/i;

/** The Sentinel-2 band that a name means, `B04` of `B4` and of `T32ULA_20210715_B04_10m.jp2`; null for none. */
export function sentinel2BandOf(text: string): string | null {
  const short = /^B([1-9])$/i.exec(text);
  return short === null ? (SENTINEL2.exec(text)?.[1].toUpperCase() ?? null) : `B0${short[1]}`;
}

/** The band of a scene that a raster's band probably is. */
export interface BandHint {
  /** The name that models give such an input; null if unknown. */
  readonly input: 'S1RTC' | 'S2L2A' | 'SCL' | 'DEM' | null;
  readonly band: string;
}

/** What a band is, by its name or, for the only band of a raster, by the name of the file. */
export function bandHint(raster: Raster, name: string): BandHint | null {
  const texts = raster.bands.length === 1 ? [name, basename(raster.name)] : [name];
  const polarisation = polarisationOf(raster, name);
  if (polarisation !== null) return { input: 'S1RTC', band: polarisation };
  for (const text of texts) {
    if (/(?:^|[_.-])SCL(?:[_.-]|$)/i.test(text)) return { input: 'SCL', band: 'SCL' };
    const band = sentinel2BandOf(text);
    if (band !== null) return { input: 'S2L2A', band };
    if (HEIGHTS.test(text)) return { input: 'DEM', band: 'DEM' };
  }
  // Writers of arrays name each band "bands".
  return /^(bands?)?$/i.test(name) ? null : { input: null, band: name };
}
