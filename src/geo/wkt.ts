/**
 * The WKT of a CRS as a tree (OGC 01-009, ISO 19162): `KEYWORD["text", number, KEYWORD[…]]`.
 */

export interface WktNode {
  /** In capitals. */
  readonly keyword: string;
  /** Texts, numbers and bare words, in their order. */
  readonly values: readonly (string | number)[];
  readonly children: readonly WktNode[];
}

/** WKT in use has about ten levels. */
const MAX_DEPTH = 32;

/** The first object of a text; null for a text that is not WKT. Later objects, such as Esri's VERTCS, are ignored. */
export function parseWkt(text: string): WktNode | null {
  const token =
    /\s*(?:"((?:[^"]|"")*)"|([A-Za-z_][\w.]*)|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)|([[\](),]))/y;
  let depth = 0;
  const next = (): RegExpExecArray | null => token.exec(text);

  /** The object whose keyword was just read. */
  const object = (keyword: string): WktNode | null => {
    const opening = next()?.[4];
    if ((opening !== '[' && opening !== '(') || ++depth > MAX_DEPTH) return null;
    const values: (string | number)[] = [];
    const children: WktNode[] = [];
    for (let match = next(); match !== null; match = next()) {
      const [, quoted, word, number, sign] = match;
      if (sign === ']' || sign === ')') {
        depth--;
        return { keyword: keyword.toUpperCase(), values, children };
      }
      if (quoted !== undefined) values.push(quoted.replaceAll('""', '"'));
      else if (number !== undefined) values.push(Number(number));
      else if (word !== undefined) {
        const here = token.lastIndex;
        const follows = next()?.[4];
        token.lastIndex = here;
        if (follows === '[' || follows === '(') {
          const child = object(word);
          if (child === null) return null;
          children.push(child);
        } else values.push(word);
      } else if (sign !== ',') return null;
    }
    return null;
  };

  const first = next()?.[2];
  return first === undefined ? null : object(first);
}

/** The first child with one of the keywords. */
export function childOf(node: WktNode | undefined, ...keywords: string[]): WktNode | undefined {
  return node?.children.find(({ keyword }) => keywords.includes(keyword));
}

/** The first text of an object, which is its name. */
export function nameOfNode(node: WktNode | undefined): string | undefined {
  const value = node?.values[0];
  return typeof value === 'string' ? value : undefined;
}

/** EPSG codes of OGC's CRSs with the longitude first, by names in small letters. */
export const OGC_CODES: Readonly<Record<string, number>> = {
  crs84: 4326,
  crs84h: 4326,
  crs83: 4269,
  crs27: 4267,
};

/** The EPSG code of an object, or null. */
export function epsgOfNode(node: WktNode): number | null {
  for (const { keyword, values } of node.children) {
    if (keyword !== 'AUTHORITY' && keyword !== 'ID') continue;
    const [authority, code] = values;
    const number = /^ogc$/i.test(String(authority)) ? OGC_CODES[String(code).toLowerCase()] : Number(code);
    if (/^(epsg|ogc)$/i.test(String(authority)) && Number.isInteger(number) && number > 0) return number;
  }
  return null;
}

/** A name in small letters, without spaces and underscores. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9()]/g, '');
}
