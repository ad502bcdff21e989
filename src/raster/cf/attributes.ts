/** Attributes of a variable as text and numbers, for all stores. */
import { memberOf } from '../../json/keys.js';
import { type Attributes, NOT_FINITE } from '../arrays/index.js';

export function textOf(attributes: Attributes, name: string): string | null {
  const value = memberOf(attributes, name) ?? null;
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.length === 1 && typeof value[0] === 'string' ? value[0] : null;
}

/** Numbers of an attribute: one, several, or text separated by spaces; null for none. */
export function numbersOf(attributes: Attributes, name: string): number[] | null {
  const value = memberOf(attributes, name) ?? null;
  const list = Array.isArray(value) ? value : typeof value === 'string' ? value.trim().split(/\s+/) : [value];
  const numbers = list.map((item) => (typeof item === 'number' ? item : Number.NaN));
  const parsed = list.map((item, i) => (typeof item === 'string' && item !== '' ? Number(item) : numbers[i]));
  return parsed.length > 0 && parsed.every((n) => !Number.isNaN(n)) ? parsed : null;
}

export function numberOf(attributes: Attributes, name: string): number | null {
  return numbersOf(attributes, name)?.[0] ?? null;
}

/** Names separated by spaces, as in `coordinates`; in `grid_mapping`'s extended form only those before a colon. */
export function namesOf(attributes: Attributes, name: string): string[] {
  const words = (textOf(attributes, name) ?? '').split(/\s+/).filter((word) => word !== '');
  const mappings = words.filter((word) => word.endsWith(':'));
  return mappings.length > 0 ? mappings.map((word) => word.slice(0, -1)) : words;
}

/**
 * Missing values: numbers or numbers as text, including xarray's in Zarr version 3 (the word NaN, or a float64 in
 * base 64).
 */
export function missingValuesOf(attributes: Attributes, name: string): number[] {
  const value = memberOf(attributes, name) ?? null;
  return (Array.isArray(value) ? value : [value]).flatMap((item) => {
    if (typeof item === 'number') return [item];
    if (typeof item !== 'string') return [];
    if (Object.hasOwn(NOT_FINITE, item)) return [NOT_FINITE[item]];
    if (/^[A-Za-z0-9+/]{11}=$/.test(item)) {
      const bytes = Uint8Array.from(atob(item), (character) => character.charCodeAt(0));
      return [new DataView(bytes.buffer).getFloat64(0, true)];
    }
    return item.trim() !== '' && Number.isFinite(Number(item)) ? [Number(item)] : [];
  });
}
