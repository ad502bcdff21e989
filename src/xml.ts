/** Parses XML metadata into trees. */

import { SaxesParser, type SaxesTagNS } from 'saxes';
import { invalidInput, messageOf, TerrachipError } from './errors.js';
import { encodingOf } from './text.js';

/** An element. Names have no prefix: `pos` for `gml:pos`. */
export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  /** Its own text without that of its children, trimmed. */
  readonly text: string;
}

/** Limits. Metadata of satellite products has some ten thousand elements, eight levels, and less than a megabyte. */
const MAX_BYTES = 32 * 2 ** 20;
const MAX_ELEMENTS = 1_000_000;
const MAX_DEPTH = 64;

interface OpenElement {
  readonly name: string;
  readonly attributes: Record<string, string>;
  readonly children: OpenElement[];
  text: string;
}

/**
 * Parses a document. A document type is refused, since it can declare entities: only the five of XML are expanded.
 * @param name of the file, for messages
 * @throws {TerrachipError} INVALID_INPUT for a document that is not well-formed or too deep, TOO_LARGE for a large one
 */
export function parseXml(bytes: Uint8Array, name: string): XmlElement {
  if (bytes.byteLength > MAX_BYTES) throw tooLarge(name, bytes.byteLength, MAX_BYTES, 'bytes');
  const parser = new SaxesParser({ xmlns: true });
  const open: OpenElement[] = [];
  let root: OpenElement | null = null;
  let elements = 0;
  parser.on('error', (error) => {
    throw invalidInput(name, `is not XML (${error.message})`, 'get it again', error);
  });
  parser.on('doctype', () => {
    throw invalidInput(name, 'declares a document type, which metadata never has', 'do not trust it');
  });
  parser.on('opentag', (tag: SaxesTagNS) => {
    if (++elements > MAX_ELEMENTS) throw tooLarge(name, elements, MAX_ELEMENTS, 'elements');
    if (open.length >= MAX_DEPTH) {
      throw invalidInput(name, `is nested deeper than ${MAX_DEPTH} levels`, 'do not trust it');
    }
    const element: OpenElement = { name: tag.local, attributes: {}, children: [], text: '' };
    for (const { local, value } of Object.values(tag.attributes)) element.attributes[local] = value;
    open.at(-1)?.children.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => {
    const element = open.pop();
    if (element !== undefined) element.text = element.text.trim();
  });
  const addText = (text: string): void => {
    const element = open.at(-1);
    if (element !== undefined) element.text += text;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  try {
    parser.write(new TextDecoder(declaredEncoding(bytes), { fatal: true }).decode(bytes)).close();
  } catch (cause) {
    if (cause instanceof TerrachipError) throw cause;
    throw invalidInput(name, `is not XML (${messageOf(cause)})`, 'get it again', cause);
  }
  if (root === null) throw invalidInput(name, 'is empty', 'get it again');
  return root;
}

/** The encoding in the XML declaration, unless a byte order mark shows UTF-16. */
function declaredEncoding(bytes: Uint8Array): string {
  const encoding = encodingOf(bytes);
  if (encoding !== 'utf-8') return encoding;
  const head = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  return /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?encoding\s*=\s*["']([\w.-]+)["']/.exec(head)?.[1] ?? encoding;
}

function tooLarge(name: string, size: number, limit: number, unit: string): TerrachipError {
  return new TerrachipError(
    'TOO_LARGE',
    `${name} has ${size} ${unit} or more, above the limit of ${limit} for XML`,
    'check that it is the right file',
    { size, limit },
  );
}

/** All descendants with a name, in document order. */
export function findAll(element: XmlElement, name: string): XmlElement[] {
  return element.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...findAll(child, name),
  ]);
}

/** The first descendant with a name, or null. */
export function findFirst(element: XmlElement, name: string): XmlElement | null {
  for (const child of element.children) {
    if (child.name === name) return child;
    const found = findFirst(child, name);
    if (found !== null) return found;
  }
  return null;
}

/** The text of the first descendant with a name; null if there is none or it is empty. */
export function textOf(element: XmlElement, name: string): string | null {
  return findFirst(element, name)?.text || null;
}

/** The finite number in the first descendant with a name, or null. */
export function numberOf(element: XmlElement, name: string): number | null {
  const text = textOf(element, name);
  const value = text === null ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}
