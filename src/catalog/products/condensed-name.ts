import type { ProductAttributes, ProductFile } from './description.js';

/**
 * EOReader's condensed names of products: time, constellation, tile and type. Sentinel-2 names end with the generation
 * time, since two products may be equal in the rest.
 */
export function condensedName(
  attributes: Omit<ProductAttributes, 'condensedName'>,
  files: readonly ProductFile[],
): string {
  const { constellation, name, tile, productType, platform, generated } = attributes;
  const time = attributes.acquired.toJSON()[0].slice(0, 19).replace(/[-:]/g, '');
  if (constellation === 'Sentinel-2') {
    const level = /(?:1C|2A)$/.exec(productType)?.[0] ?? '';
    const made = (/_\d{8}T(\d{6})$/.exec(name)?.[1] ?? generated?.slice(11, 19) ?? '').replace(/:/g, '');
    return joined([time, 'S2', tile && `T${tile}`, level && `L${level}`, made]);
  }
  if (constellation === 'Landsat') {
    const number = /(\d)\D*$/.exec(platform ?? '')?.[1] ?? '';
    const letter = /^L([COTEM])0\d_/.exec(name)?.[1] ?? '';
    return joined([time, `L${number}`, tile, LANDSAT_INSTRUMENTS[letter] ?? null]);
  }
  const polarizations = files.map((file) => file.name);
  const mode = /_(IW|EW|SM|WV)_/.exec(name)?.[1] ?? null;
  return joined([time, 'S1', ...polarizations, mode, productType]);
}

/** By the letter in a product's name. */
const LANDSAT_INSTRUMENTS: Readonly<Record<string, string>> = {
  C: 'OLI_TIRS',
  O: 'OLI',
  T: 'TM',
  E: 'ETM',
  M: 'MSS',
};

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== '').join('_');
}
