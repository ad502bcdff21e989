/** Units and nodata values that a scene file declares above its bands. */
import { isMembers, type Members } from '../json.js';

/** Declarations of units and nodata. An object under one of these names is a band. */
function declaredIn(members: Members): Members {
  const isDeclared = ([key, value]: [string, unknown]): boolean =>
    (key === 'units' || key === 'nodata') && !isMembers(value);
  return Object.fromEntries(Object.entries(members).filter(isDeclared));
}

/**
 * Units and nodata may be declared for the scene, an input, a phase or a band; the most specific one applies. Copies the
 * declarations to each band.
 */
export function withDeclarations(document: unknown): unknown {
  if (!isMembers(document) || !isMembers(document.inputs)) return document;
  const ofScene = declaredIn(document);
  return {
    ...document,
    inputs: mapMembers(document.inputs, (input) => withInputDeclarations(input, ofScene)),
  };
}

function withInputDeclarations(input: Members, ofScene: Members): Members {
  const units: unknown[] = [];
  const image = (bands: Members): Members => {
    const ofImage = declaredIn(bands);
    const named = Object.entries(bands).filter(([name]) => !Object.hasOwn(ofImage, name));
    return mapMembers(Object.fromEntries(named), (band) => {
      const whole = { ...ofScene, ...declaredIn(input), ...ofImage, ...band };
      units.push('units' in whole ? whole.units : undefined);
      return whole;
    });
  };
  const { phases, static: fixed } = input;
  const placed = {
    ...(isMembers(phases) ? { phases: mapMembers(phases, image) } : {}),
    ...(isMembers(fixed) ? { static: image(fixed) } : {}),
  };
  // The input's units are optional if every band has units.
  const own = units.length > 0 && !units.includes(undefined) ? { units: units[0] } : {};
  return { ...own, ...input, ...placed };
}

function mapMembers(members: Members, change: (member: Members) => Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([key, member]) => [key, isMembers(member) ? change(member) : member]),
  );
}
