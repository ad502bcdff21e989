/** Radar bands in pictures: power is drawn in decibels. */
import { basename } from 'node:path';
import type { Raster } from '../../raster/node/index.js';
import type { Units } from '../../raster/units.js';

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
 * The units of a radar band that does not say them: power has no values below 0 but those of noise that is subtracted,
 * decibels of land and water lie below 0. Null for a plane without values and for whole numbers, whose scale is unknown.
 */
export function radarUnits(plane: Float32Array): Extract<Units, 'linear_power' | 'dB'> | null {
  let [below, valid, fractions] = [0, 0, 0];
  for (const value of plane) {
    if (!Number.isFinite(value)) continue;
    valid++;
    if (value < 0) below++;
    if (!Number.isInteger(value)) fractions++;
  }
  if (valid === 0 || fractions === 0) return null;
  return below > valid / 2 ? 'dB' : 'linear_power';
}

/** Power in decibels; −Infinity for 0 and less. */
export function inDecibels(plane: Float32Array): Float32Array {
  return plane.map((power) => 10 * Math.log10(power < 0 ? 0 : power));
}
