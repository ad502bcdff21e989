import { invalidInput } from '../../errors.js';

/** A scheme of two letters or more: one is a drive of Windows. */
const SCHEME = /^[a-z][a-z\d+.-]+:/i;

/** Whether an address needs no base. */
export function isAbsolute(href: string): boolean {
  return SCHEME.test(href) || href.startsWith('/') || /^[a-z]:[\\/]/i.test(href);
}

/**
 * An address as it is written in a document, from the document's own.
 * @param base a URL or a path; null where it is not known, and relative addresses stay as they are
 * @param name the document, for messages
 * @throws {TerrachipError} INVALID_INPUT for a document from a server that names a file of this machine
 */
export function resolveHref(href: string, base: string | null, name: string): string {
  const isRemote = base !== null && SCHEME.test(base) && !/^file:/i.test(base);
  if (isRemote && /^file:/i.test(href)) {
    throw invalidInput(
      name,
      `comes from a server but names the file ${href} of this machine`,
      'do not trust it, or read it from a file',
    );
  }
  if (base === null || SCHEME.test(href)) return href;
  if (!SCHEME.test(base)) return isAbsolute(href) ? href : relativePath(base, href);
  try {
    return new URL(href, base).href;
  } catch (cause) {
    throw invalidInput(name, `has the address "${href}", which is none`, 'correct it', cause);
  }
}

/** A path beside another one. */
function relativePath(base: string, href: string): string {
  const segments = base.split('/').slice(0, -1);
  for (const segment of href.split('/')) {
    if (segment === '.' || segment === '') continue;
    const last = segments.at(-1);
    if (segment === '..' && last !== undefined && last !== '..' && last !== '') segments.pop();
    else segments.push(segment);
  }
  return segments.join('/');
}
