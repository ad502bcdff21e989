/**
 * Datum grids that a PROJ definition may ask for and terrachip does not ship, with the seven-parameter (or
 * three-parameter) transformation used in their place and its accuracy, as the EPSG dataset states them.
 */
interface GridFallback {
  towgs84: string;
  /** Accuracy of the fallback in metres, from EPSG. */
  accuracy: number;
  epsgTransformation: number;
}

const FALLBACKS: Readonly<Record<string, GridFallback>> = {
  'OSTN15_NTv2_OSGBtoETRS.gsb': {
    towgs84: '446.448,-125.157,542.06,0.15,0.247,0.842,-20.489',
    accuracy: 2,
    epsgTransformation: 1314,
  },
  'BETA2007.gsb': {
    towgs84: '598.1,73.7,418.2,0.202,0.045,-2.455,6.7',
    accuracy: 3,
    epsgTransformation: 1777,
  },
  'nzgd2kgrid0005.gsb': {
    towgs84: '59.47,-5.04,187.44,0.47,-0.1,1.024,-4.5993',
    accuracy: 4,
    epsgTransformation: 1564,
  },
  'NTv2_0.gsb': { towgs84: '-10,158,187', accuracy: 20, epsgTransformation: 1172 },
};

/** How far off an unknown datum shift may be, in metres: the largest national shifts to WGS 84 are of this size. */
const UNKNOWN_SHIFT_METRES = 300;

/**
 * A sentence on a shift to WGS 84 that may be off.
 * @param metres undefined for one that is good; null where none is known
 */
export function shiftNote(metres: number | null | undefined): string | null {
  if (metres === undefined) return null;
  return metres === null
    ? `no shift of its datum to WGS 84 is known, so positions may be off by up to ${UNKNOWN_SHIFT_METRES} m`
    : `one shift of its datum to WGS 84 stands for several, so positions may be off by up to ${metres} m`;
}

/**
 * Replaces a mandatory datum grid in a PROJ string. Returns the definition to use and, when something was
 * replaced, a sentence that says so with the error to expect.
 */
export function withoutDatumGrid(definition: string): { definition: string; note: string | null } {
  const match = /\s*\+nadgrids=("[^"]*"|\S+)/.exec(definition);
  if (match === null || match[1] === '@null') return { definition, note: null };
  const grid = match[1].replaceAll('"', '');
  const rest = definition.replace(match[0], '');
  const fallback = FALLBACKS[grid];
  if (fallback === undefined) {
    return {
      definition: rest,
      note: `its datum grid ${grid} is not available, so positions may be off by up to ${UNKNOWN_SHIFT_METRES} m`,
    };
  }
  return {
    definition: `${rest} +towgs84=${fallback.towgs84}`,
    note: `its datum grid ${grid} is not available; EPSG:${fallback.epsgTransformation} is used instead, good to ${fallback.accuracy} m`,
  };
}
