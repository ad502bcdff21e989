/**
 * The classes of CORINE Land Cover: 44 of level 3 in 15 groups of level 2 and 5 of level 1. A group's code is the start of
 * its classes' codes. Names: Kosztra, Büttner, Hazeu and Arnold 2019, Updated CLC illustrated nomenclature guidelines,
 * European Environment Agency.
 */
import { invalidOption } from '../../errors.js';
import { nearestOf } from '../../json/keys.js';

/** A class or a group of classes. */
export interface ClcClass {
  /** One digit for level 1, two for level 2, three for level 3: `311`. */
  readonly code: string;
  readonly name: string;
}

const NAMES = {
  1: 'Artificial surfaces',
  11: 'Urban fabric',
  111: 'Continuous urban fabric',
  112: 'Discontinuous urban fabric',
  12: 'Industrial, commercial and transport units',
  121: 'Industrial or commercial units',
  122: 'Road and rail networks and associated land',
  123: 'Port areas',
  124: 'Airports',
  13: 'Mine, dump and construction sites',
  131: 'Mineral extraction sites',
  132: 'Dump sites',
  133: 'Construction sites',
  14: 'Artificial, non-agricultural vegetated areas',
  141: 'Green urban areas',
  142: 'Sport and leisure facilities',
  2: 'Agricultural areas',
  21: 'Arable land',
  211: 'Non-irrigated arable land',
  212: 'Permanently irrigated land',
  213: 'Rice fields',
  22: 'Permanent crops',
  221: 'Vineyards',
  222: 'Fruit trees and berry plantations',
  223: 'Olive groves',
  23: 'Pastures',
  231: 'Pastures',
  24: 'Heterogeneous agricultural areas',
  241: 'Annual crops associated with permanent crops',
  242: 'Complex cultivation patterns',
  243: 'Land principally occupied by agriculture, with significant areas of natural vegetation',
  244: 'Agro-forestry areas',
  3: 'Forest and semi-natural areas',
  31: 'Forest',
  311: 'Broad-leaved forest',
  312: 'Coniferous forest',
  313: 'Mixed forest',
  32: 'Scrub and/or herbaceous vegetation associations',
  321: 'Natural grasslands',
  322: 'Moors and heathland',
  323: 'Sclerophyllous vegetation',
  324: 'Transitional woodland-shrub',
  33: 'Open spaces with little or no vegetation',
  331: 'Beaches, dunes, sands',
  332: 'Bare rocks',
  333: 'Sparsely vegetated areas',
  334: 'Burnt areas',
  335: 'Glaciers and perpetual snow',
  4: 'Wetlands',
  41: 'Inland wetlands',
  411: 'Inland marshes',
  412: 'Peat bogs',
  42: 'Maritime wetlands',
  421: 'Salt marshes',
  422: 'Salines',
  423: 'Intertidal flats',
  5: 'Water bodies',
  51: 'Inland waters',
  511: 'Water courses',
  512: 'Water bodies',
  52: 'Marine waters',
  521: 'Coastal lagoons',
  522: 'Estuaries',
  523: 'Sea and ocean',
} as const;

function level(digits: number): readonly ClcClass[] {
  return Object.entries(NAMES)
    .filter(([code]) => code.length === digits)
    .map(([code, name]) => ({ code, name }));
}

/** The 44 classes of level 3, in the order of their codes. */
export const CLC_CLASSES = level(3);

/** The 15 groups of level 2. */
export const CLC_GROUPS = level(2);

/** A class or a group, with its classes of level 3. */
export interface ClcSelection extends ClcClass {
  /** Indices in `CLC_CLASSES`. */
  readonly members: readonly number[];
}

/**
 * A class or group by its code or name, and its classes of level 3.
 * @param code such as `312`, `31` or `Coniferous forest`; of two levels with one name, the finer one
 * @throws {TerrachipError} INVALID_OPTION for an unknown one
 */
export function clcSelection(code: string | number): ClcSelection {
  const text = String(code).trim();
  const lower = text.toLowerCase();
  const all = [...CLC_CLASSES, ...CLC_GROUPS, ...level(1)];
  const found = all.find((each) => each.code === text || each.name.toLowerCase() === lower);
  if (found === undefined) {
    const names = all.map(({ name }) => name);
    const nearest = nearestOf(text, names);
    throw invalidOption(
      'code',
      `names no class of CORINE Land Cover: ${JSON.stringify(text.slice(0, 80))}`,
      nearest === null ? 'give a code such as 312, or 31 for a group' : `did you mean "${nearest}"?`,
    );
  }
  const members = CLC_CLASSES.flatMap((each, k) => (each.code.startsWith(found.code) ? [k] : []));
  return { ...found, members };
}
