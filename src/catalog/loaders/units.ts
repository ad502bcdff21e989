/** Units of what is loaded: as a row declares them, or as the caller does for rows that do not; never guessed. */
import { invalidInput } from '../../errors.js';
import { type UnitConversion, type Units, unitConversion } from '../../raster/index.js';
import type { CatalogRow } from '../row.js';
import { type ChosenBand, rowName, show } from './bands.js';

/** Which units loaded values are to have. */
export interface UnitOptions {
  /** What values become: each source is converted by itself, from the units that its row declares. Default: as they are. */
  units?: Units;
  /** The units of rows that declare none; only with `units`. */
  sourceUnits?: Units;
}

/** The units of a band before any conversion, and the conversion. */
export interface BandUnits {
  readonly units: Units;
  readonly conversion: UnitConversion;
}

/**
 * How a band's values become those that are asked for; null where nothing is asked for.
 * @throws {TerrachipError} INVALID_INPUT for a band whose units nobody says, or that row and caller say differently, or
 * that cannot be converted
 */
export function bandUnits(
  row: CatalogRow,
  { choice, units: own }: ChosenBand,
  { units, sourceUnits }: UnitOptions,
): BandUnits | null {
  if (units === undefined) return null;
  const what = `${rowName(row)}: band ${show(choice)}`;
  const stated = own ?? sourceUnits;
  if (stated === undefined) {
    throw invalidInput(
      what,
      `does not say in which units it is, and ${units} is wanted`,
      'declare them as `sourceUnits`',
    );
  }
  if (sourceUnits !== undefined && stated !== sourceUnits) {
    throw invalidInput(
      what,
      `is in ${stated} by its catalog, but declared as ${sourceUnits}`,
      'leave the declaration out, or correct the catalog',
    );
  }
  return { units: stated, conversion: unitConversion(stated, units, what) };
}
