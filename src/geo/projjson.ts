/** Converts PROJJSON (proj.org/specifications/projjson.html) to WKT 2, which has the same content. */
import * as v from 'valibot';
import { invalidInput } from '../errors.js';
import { memberOf } from '../json/keys.js';
import { AnyRecord, requireShallow } from '../json.js';

type Json = Readonly<Record<string, unknown>>;

/** WKT 2 keywords by PROJJSON type. */
const SYSTEMS: Readonly<Record<string, string>> = {
  GeographicCRS: 'GEOGCRS',
  GeodeticCRS: 'GEODCRS',
  ProjectedCRS: 'PROJCRS',
  CompoundCRS: 'COMPOUNDCRS',
  BoundCRS: 'BOUNDCRS',
  VerticalCRS: 'VERTCRS',
};

/** The units that PROJJSON writes as a bare name. */
const UNITS: Readonly<Record<string, string>> = {
  metre: 'LENGTHUNIT["metre",1]',
  degree: 'ANGLEUNIT["degree",0.0174532925199433]',
  unity: 'SCALEUNIT["unity",1]',
};

const UNIT_KEYWORDS: Readonly<Record<string, string>> = {
  LinearUnit: 'LENGTHUNIT',
  AngularUnit: 'ANGLEUNIT',
  ScaleUnit: 'SCALEUNIT',
};

/**
 * The WKT 2 of a CRS in PROJJSON.
 * @throws {TerrachipError} INVALID_INPUT for a value that is not a CRS in PROJJSON
 */
export function wktOfProjJson(value: unknown): string {
  requireShallow(value, 'the PROJJSON');
  return systemOf(value);
}

function systemOf(value: unknown): string {
  const system = recordOf(value);
  const type = String(system?.type);
  const keyword = memberOf(SYSTEMS, type) ?? null;
  // A code is enough for any other type.
  if (keyword === null && idOf(system) !== '') {
    return node('PROJCRS', [quoted(system?.name), 'BASEGEOGCRS[""]', idOf(system)]);
  }
  if (system === null || keyword === null) {
    throw invalidInput(
      'the coordinate reference system in PROJJSON',
      system?.type === undefined ? 'has no type' : `is a "${type.slice(0, 80)}"`,
      'give a geographic or a projected system',
    );
  }
  if (keyword === 'COMPOUNDCRS') {
    return node(keyword, [quoted(system.name), ...listOf(system.components).map(systemOf), idOf(system)]);
  }
  if (keyword === 'BOUNDCRS') {
    return node(keyword, [
      node('SOURCECRS', [systemOf(system.source_crs)]),
      node('TARGETCRS', [systemOf(system.target_crs)]),
      conversionOf('ABRIDGEDTRANSFORMATION', system.transformation),
    ]);
  }
  if (keyword === 'PROJCRS') {
    const base = recordOf(system.base_crs);
    return node(keyword, [
      quoted(system.name),
      node('BASEGEOGCRS', [quoted(base?.name), ...datumOf(base), idOf(base)]),
      conversionOf('CONVERSION', system.conversion),
      ...axesOf(system),
      idOf(system),
    ]);
  }
  const datum = keyword === 'VERTCRS' ? [node('VDATUM', [quoted(system.name)])] : datumOf(system);
  return node(keyword, [quoted(system.name), ...datum, ...axesOf(system), idOf(system)]);
}

/** The datum or datum ensemble, and the prime meridian. */
function datumOf(system: Json | null): string[] {
  const frame = recordOf(system?.datum) ?? recordOf(system?.datum_ensemble);
  if (frame === null) return [];
  const ellipsoid = recordOf(frame.ellipsoid);
  const radius = quantity(ellipsoid?.radius ?? ellipsoid?.semi_major_axis, 'metre');
  const shape = node('ELLIPSOID', [
    quoted(ellipsoid?.name),
    radius.text,
    String(flatteningOf(ellipsoid, Number(radius.text))),
    radius.unit,
  ]);
  const meridian = recordOf(frame.prime_meridian);
  const longitude = quantity(meridian?.longitude, 'degree');
  return [
    node('DATUM', [quoted(frame.name), shape, idOf(frame)]),
    ...(meridian === null ? [] : [node('PRIMEM', [quoted(meridian.name), longitude.text, longitude.unit])]),
  ];
}

/** The inverse flattening; 0 for a sphere. */
function flatteningOf(ellipsoid: Json | null, major: number): number {
  if (typeof ellipsoid?.inverse_flattening === 'number') return ellipsoid.inverse_flattening;
  const { text } = quantity(ellipsoid?.semi_minor_axis, 'metre');
  return text === '' || Number(text) === major ? 0 : major / (major - Number(text));
}

function conversionOf(keyword: string, value: unknown): string {
  const conversion = recordOf(value);
  const method = recordOf(conversion?.method);
  const parameters = listOf(conversion?.parameters).map((each) => {
    const parameter = recordOf(each);
    const { text } = quantity(parameter?.value, 'unity');
    return node('PARAMETER', [quoted(parameter?.name), text, unitOf(parameter?.unit), idOf(parameter)]);
  });
  return node(keyword, [
    quoted(conversion?.name),
    node('METHOD', [quoted(method?.name), idOf(method)]),
    ...parameters,
  ]);
}

function axesOf(system: Json): string[] {
  const coordinates = recordOf(system.coordinate_system);
  const axes = listOf(coordinates?.axis);
  if (axes.length === 0) return [];
  return [
    node('CS', [word(coordinates?.subtype), String(axes.length)]),
    ...axes.map((each) => {
      const axis = recordOf(each);
      return node('AXIS', [quoted(axis?.name), word(axis?.direction), unitOf(axis?.unit)]);
    }),
  ];
}

/** A number with its unit: PROJJSON omits the default unit. */
function quantity(value: unknown, defaultUnit: string): { text: string; unit: string } {
  const withUnit = recordOf(value);
  const number = withUnit === null ? value : withUnit.value;
  return {
    text: typeof number === 'number' ? String(number) : '',
    unit: withUnit === null ? UNITS[defaultUnit] : unitOf(withUnit.unit),
  };
}

function unitOf(value: unknown): string {
  if (typeof value === 'string') return memberOf(UNITS, value) ?? '';
  const unit = recordOf(value);
  if (unit === null || typeof unit.conversion_factor !== 'number') return '';
  const keyword = memberOf(UNIT_KEYWORDS, String(unit.type)) ?? 'UNIT';
  return node(keyword, [quoted(unit.name), String(unit.conversion_factor)]);
}

function idOf(value: Json | null): string {
  const id = recordOf(value?.id) ?? recordOf(listOf(value?.ids)[0]);
  if (id === null) return '';
  return node('ID', [quoted(id.authority), typeof id.code === 'number' ? String(id.code) : quoted(id.code)]);
}

function node(keyword: string, parts: readonly string[]): string {
  return `${keyword}[${parts.filter((part) => part !== '').join()}]`;
}

function quoted(value: unknown): string {
  return `"${String(value ?? '').replaceAll('"', '""')}"`;
}

/** A WKT keyword value, without quotes. */
function word(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z]\w*$/.test(value) ? value : 'unspecified';
}

function recordOf(value: unknown): Json | null {
  return v.is(AnyRecord, value) ? value : null;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
