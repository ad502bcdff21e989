import { invalidInput } from '../errors.js';

/** Whether a key of a store or a name in an archive has `..`, drive letters, backslashes or empty segments. */
export function leavesStore(key: string): boolean {
  const bad = (segment: string): boolean =>
    segment === '' || segment === '.' || segment === '..' || segment.includes('\\') || segment.includes('\0');
  return key.split('/').some(bad) || /^[A-Za-z]:/.test(key);
}

/** @throws {TerrachipError} INVALID_INPUT for a key that leaves its store */
export function checkKey(name: string, key: string): void {
  if (leavesStore(key)) {
    throw invalidInput(name, `has the key ${JSON.stringify(key)}, which leaves the store`, 'do not trust it');
  }
}
