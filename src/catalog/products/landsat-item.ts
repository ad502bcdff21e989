/** Landsat Collection 2: Level 2, and the OLI bands of Level 1 (USGS, LSDS-1618, LSDS-1619 and LSDS-1822). */
import { invalidInput, TerrachipError } from '../../errors.js';
import { type CatalogBand, type CatalogRow, textOf } from '../row.js';
import { type ProductDescription, type ProductFile, QA_PIXEL_FILL, qaPixelClouds } from './description.js';
import { describe, fileOf, firstBand, isImage, number } from './item-fields.js';
import { type FileBandName, fileBandNamed } from './names.js';

/** OLI bands by number, from 1; some items have only numbers. */
const OLI_BANDS: readonly FileBandName[] = [
  'CA',
  'BLUE',
  'GREEN',
  'RED',
  'NARROW_NIR',
  'SWIR_1',
  'SWIR_2',
  'PAN',
  'SWIR_CIRRUS',
];

/** Bands of all instruments. */
const BANDS: readonly FileBandName[] = [...OLI_BANDS, 'TIR_1', 'QA_PIXEL'];

interface Scale {
  readonly scale: number;
  readonly offset: number;
}

/** Level 2: surface reflectance, and surface temperature in kelvin. */
const SURFACE_REFLECTANCE: Scale = { scale: 2.75e-5, offset: -0.2 };
const SURFACE_TEMPERATURE: Scale = { scale: 0.003_418_02, offset: 149 };

/** Level 1 of OLI: top-of-atmosphere reflectance before division by the sine of the sun elevation. */
const TOP_OF_ATMOSPHERE: Scale = { scale: 2e-5, offset: -0.1 };

const FILL = 0;
const SATURATED = 65_535;

export function describeLandsat(row: CatalogRow, path: string): ProductDescription {
  const correction = correctionOf(row, path);
  const instruments = Array.isArray(row.properties.instruments) ? row.properties.instruments.join(' ') : '';
  const isOli = /^L[CO]0/.test(row.id) || /\boli/i.test(instruments);
  const isLevel1 = correction.startsWith('L1');
  const reflectance = isLevel1 ? topOfAtmosphere(row, path, isOli) : SURFACE_REFLECTANCE;
  const files = Object.entries(row.assets).flatMap(([key, asset]): ProductFile[] => {
    if (!isImage(asset)) return [];
    const band = firstBand(asset);
    const name = nameOf(key, band, isOli);
    if (name === null) return [];
    const file = { ...fileOf(asset, key), name };
    if (name === 'QA_PIXEL') return [{ ...file, quantity: 'bits', nodata: QA_PIXEL_FILL }];
    const isThermal = name === 'TIR_1';
    // Brightness temperature needs constants that items do not have.
    if (isThermal && isLevel1) return [];
    const standard = isThermal ? SURFACE_TEMPERATURE : reflectance;
    // Scales in Level 1 items do not include the sun elevation.
    const { scale = standard.scale, offset = standard.offset } = isLevel1 ? standard : band;
    const values = { nodata: band.nodata ?? FILL, scale, offset };
    return [
      isThermal
        ? { ...file, ...values, quantity: 'temperature' }
        : { ...file, ...values, quantity: 'reflectance', invalid: [SATURATED] },
    ];
  });
  const pathRow = ['landsat:wrs_path', 'landsat:wrs_row'].map((name) =>
    String(row.properties[name] ?? '').padStart(3, '0'),
  );
  return describe(row, path, {
    own: {
      constellation: 'Landsat',
      sensorType: 'OPTICAL',
      productType: correction,
      tile: pathRow.includes('000') ? null : pathRow.join(''),
      processingBaseline: textOf(row, 'landsat:collection_number'),
      generated: textOf(row, 'created'),
    },
    files,
    clouds: qaPixelClouds(isOli),
  });
}

/** `L2SP`, `L2SR`, `L1TP`: from the item, or the product's name. */
function correctionOf(row: CatalogRow, path: string): string {
  const parts = /^L[COTEM]0\d_(L\d[A-Z]{2})_\d{6}_\d{8}_\d{8}_(\d{2})_/.exec(row.id);
  const collection = textOf(row, 'landsat:collection_number') ?? parts?.[2] ?? '02';
  const correction = textOf(row, 'landsat:correction') ?? parts?.[1] ?? null;
  const level = correction ?? (/c2-?l2/.test(row.collection) ? 'L2SP' : null);
  if (level !== null && /^L[12]/.test(level) && collection === '02') return level;
  const kind = level === null ? 'an unknown level' : `Collection ${collection} ${level}`;
  throw new TerrachipError(
    'UNSUPPORTED',
    `${path} is an item of Landsat of ${kind}, which is not supported`,
    'give one of Collection 2 Level 1 or 2, with landsat:correction',
    { feature: 'products of this kind' },
  );
}

/** Level 1 reflectance, by the sun elevation at the scene centre, as in the metadata. */
function topOfAtmosphere(row: CatalogRow, path: string, isOli: boolean): Scale {
  if (!isOli) {
    throw new TerrachipError(
      'UNSUPPORTED',
      `${path} is an item of Level 1 of an older Landsat, each of whose scenes has its own constants`,
      'give one of Level 2',
      { feature: 'Level 1 before Landsat 8' },
    );
  }
  const elevation = number(row, 'view:sun_elevation');
  if (elevation === null || elevation <= 0 || elevation > 90) {
    throw invalidInput(
      path,
      `has ${elevation === null ? 'no view:sun_elevation' : `a view:sun_elevation of ${elevation}`}, so that its values cannot become reflectance`,
      'give an item with the elevation of the sun above 0, or one of Level 2',
    );
  }
  const sine = Math.sin((elevation * Math.PI) / 180);
  return { scale: TOP_OF_ATMOSPHERE.scale / sine, offset: TOP_OF_ATMOSPHERE.offset / sine };
}

function nameOf(key: string, band: CatalogBand, isOli: boolean): FileBandName | null {
  const names = [key, band.commonName ?? ''].map(fileBandNamed);
  const named = names.find((name) => name !== null && BANDS.includes(name));
  if (named !== undefined) return named;
  const number = /^(?:SR_|OLI_)?B(\d)$/.exec(key)?.[1];
  return isOli && number !== undefined ? (OLI_BANDS[Number(number) - 1] ?? null) : null;
}
