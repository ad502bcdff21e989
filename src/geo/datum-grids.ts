/**
 * The transformations with seven (or three) parameters that replace datum grids, which terrachip does not ship; from the
 * EPSG dataset, with their accuracy in metres and their EPSG codes.
 */
const FALLBACKS: Readonly<Record<string, readonly [towgs84: string, accuracy: number, code: number]>> = {
  'OSTN15_NTv2_OSGBtoETRS.gsb': ['446.448,-125.157,542.06,0.15,0.247,0.842,-20.489', 2, 1314],
  'BETA2007.gsb': ['598.1,73.7,418.2,0.202,0.045,-2.455,6.7', 3, 1777],
  'nzgd2kgrid0005.gsb': ['59.47,-5.04,187.44,0.47,-0.1,1.024,-4.5993', 4, 1564],
  'NTv2_0.gsb': ['-10,158,187', 20, 1172],
};

/** Error of an unknown datum shift, in metres: the size of the largest national shifts to WGS 84. */
const UNKNOWN_SHIFT_METRES = 300;

/**
 * The accuracy note of a shift to WGS 84; null for an exact one.
 * @param metres its error; undefined for an exact shift, null for an unknown one
 */
export function shiftNote(metres: number | null | undefined): string | null {
  if (metres === undefined) return null;
  return metres === null
    ? `no shift of its datum to WGS 84 is known, so positions may be off by up to ${UNKNOWN_SHIFT_METRES} m`
    : `one shift to WGS 84 is used for its whole datum, so positions may be off by up to ${metres} m`;
}

/**
 * Replaces a mandatory datum grid in a PROJ string. The note says what was replaced and the error to expect; it is null
 * when nothing was.
 */
export function withoutDatumGrid(definition: string): { definition: string; note: string | null } {
  const match = /\s*\+nadgrids=("[^"]*"|\S+)/.exec(definition);
  if (match === null || match[1] === '@null') return { definition, note: null };
  const grid = match[1].replaceAll('"', '');
  const rest = definition.replace(match[0], '');
  const missing = `its datum grid ${grid} is not available`;
  if (FALLBACKS[grid] === undefined) {
    return {
      definition: rest,
      note: `${missing}, so positions may be off by up to ${UNKNOWN_SHIFT_METRES} m`,
    };
  }
  const [towgs84, accuracy, code] = FALLBACKS[grid];
  return {
    definition: `${rest} +towgs84=${towgs84}`,
    note: `${missing}; EPSG:${code} is used instead, good to ${accuracy} m`,
  };
}
