import type { Dtype } from '../../geo/index.js';
import type { BandInfo, ColourTable } from '../raster.js';
import { TAG, type TagReader } from './directory.js';

/** One `<Item>` of GDAL's metadata document. */
interface MetadataItem {
  readonly name: string;
  /** Band number from 0, or null for the whole file. */
  readonly sample: number | null;
  readonly role: string | null;
  readonly value: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]);
}

/** GDAL writes a flat list of items: no general XML is needed to read it, and none is trusted. */
export function parseGdalMetadata(xml: string): MetadataItem[] {
  const items: MetadataItem[] = [];
  for (const [, attributes, value] of xml.matchAll(/<Item\b([^>]*)>([^<]*)<\/Item>/g)) {
    const attribute = (name: string): string | null =>
      new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? null;
    const sample = attribute('sample');
    items.push({
      name: unescapeXml(attribute('name') ?? ''),
      sample: sample === null ? null : Number(sample),
      role: attribute('role'),
      // GDAL escapes values once more before it serialises them.
      value: unescapeXml(unescapeXml(value)),
    });
  }
  return items;
}

/** GDAL's nodata text as a number: any spelling of C's strtod; null when it is none. */
export function parseNodata(text: string | null): number | null {
  if (text === null || text.trim() === '') return null;
  const word = text.trim().toLowerCase();
  if (/^[+-]?nan/.test(word)) return Number.NaN;
  if (/^[+]?inf/.test(word)) return Infinity;
  if (/^-inf/.test(word)) return -Infinity;
  const value = Number(word);
  return Number.isNaN(value) ? null : value;
}

export async function readBands(tags: TagReader, count: number, dtype: Dtype): Promise<BandInfo[]> {
  const nodata = parseNodata(await tags.text(TAG.GdalNodata));
  const items = parseGdalMetadata((await tags.text(TAG.GdalMetadata)) ?? '');
  const find = (sample: number, role: string): string | null =>
    items.find((item) => item.sample === sample && item.role === role)?.value ?? null;
  const number = (text: string | null, fallback: number): number => {
    const value = text === null ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : fallback;
  };
  return Array.from({ length: count }, (_, sample) => ({
    index: sample + 1,
    dtype,
    nodata,
    scale: number(find(sample, 'scale'), 1),
    offset: number(find(sample, 'offset'), 0),
    description: find(sample, 'description'),
  }));
}

/** The palette of an image, 16 bits a channel in the file, as 8-bit triples. */
export async function readColourTable(tags: TagReader): Promise<ColourTable | null> {
  const map = await tags.numbers(TAG.ColorMap);
  if (map === null || map.length % 3 !== 0) return null;
  const size = map.length / 3;
  return Array.from(
    { length: size },
    (_, i) => [map[i] >> 8, map[size + i] >> 8, map[2 * size + i] >> 8] as const,
  );
}
