/** Units of loaded values, as declared by the row or else by the caller; never guessed. */
import { invalidInput } from '../../errors.js';
import { type UnitConversion, type Units, unitConversion } from '../../raster/index.js';
import type { CatalogRow } from '../row.js';
import { type ChosenBand, rowName, show } from './bands.js';

/** The units of loaded values. */
export interface UnitOptions {
  /** The units of the result. Each source is converted from the units in its row. Default: no conversion. */
  units?: Units;
  /** The units of rows that declare none; used only with `units`. */
  sourceUnits?: Units;
}

/** The stored units of a band, and their conversion. */
export interface BandUnits {
  readonly units: Units;
  readonly conversion: UnitConversion;
}

/**
 * The conversion of a band's units; null without `units`.
 * @throws {TerrachipError} INVALID_INPUT for units that are not declared, that differ between row and caller, or that
 * cannot be converted
 */
export function bandUnits(
  row: CatalogRow,
  { choice, units: own }: ChosenBand,
  { units, sourceUnits }: UnitOptions,
): BandUnits | null {
  if (units === undefined) return null;
  const subject = `${rowName(row)}: band ${show(choice)}`;
  const stated = own ?? sourceUnits;
  if (stated === undefined) {
    throw invalidInput(
      subject,
      `does not say in which units it is, and ${units} is wanted`,
      'declare them as `sourceUnits`',
    );
  }
  if (sourceUnits !== undefined && stated !== sourceUnits) {
    throw invalidInput(
      subject,
      `is in ${stated} by its catalog, but declared as ${sourceUnits}`,
      'leave the declaration out, or correct the catalog',
    );
  }
  return { units: stated, conversion: unitConversion(stated, units, subject) };
}
