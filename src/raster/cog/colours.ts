/** Colour interpretation of bands in TIFF's tags. */
import type { CogSettings } from './options.js';

type Colours = Pick<
  CogSettings,
  'bands' | 'dtype' | 'colourTable' | 'colourInterpretations' | 'premultiplied'
>;

const RGB = ['red', 'green', 'blue'] as const;

/** Values of the tag ExtraSamples. */
const EXTRA = { unspecified: 0, premultiplied: 1, alpha: 2 } as const;

/** The colour interpretation of each band. */
export function wantedInterpretations({ bands, colourTable, colourInterpretations }: Colours): string[] {
  const first = colourTable === null ? 'gray' : 'palette';
  return Array.from(
    { length: bands },
    (_, band) => colourInterpretations[band] ?? (band === 0 ? first : 'undefined'),
  );
}

/** The photometric interpretation: `rgb` if the first three bands are red, green and blue of uint8 or uint16. */
export function photometricOf(settings: Colours): 'rgb' | 'palette' | 'gray' {
  if (settings.colourTable !== null) return 'palette';
  const names = wantedInterpretations(settings);
  const isPicture = settings.dtype === 'uint8' || settings.dtype === 'uint16';
  return isPicture && RGB.every((name, band) => names[band] === name) ? 'rgb' : 'gray';
}

/** The tag ExtraSamples: samples beyond those of the photometric interpretation. */
export function extraSamples(settings: Colours): number[] {
  const alpha = settings.premultiplied ? EXTRA.premultiplied : EXTRA.alpha;
  return wantedInterpretations(settings)
    .slice(photometricOf(settings) === 'rgb' ? 3 : 1)
    .map((name) => (name === 'alpha' ? alpha : EXTRA.unspecified));
}

/** The colour interpretation that GDAL derives from these tags alone. */
export function interpretationsByTags(settings: Colours): string[] {
  const photometric = photometricOf(settings);
  const first: readonly string[] = photometric === 'rgb' ? RGB : [photometric];
  return [...first, ...extraSamples(settings).map((extra) => (extra === 0 ? 'undefined' : 'alpha'))];
}

/** The alpha band that gives validity, from 0; null for none. */
export function alphaOf(settings: Colours): number | null {
  const alpha = wantedInterpretations(settings).indexOf('alpha');
  return alpha < 0 || (settings.dtype !== 'uint8' && settings.dtype !== 'uint16') ? null : alpha;
}
