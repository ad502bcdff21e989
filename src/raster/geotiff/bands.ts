import type { Dtype } from '../../geo/index.js';
import type { BandInfo, ColourTable, Metadata } from '../raster.js';
import { TAG, type TagReader } from './directory.js';
import type { ImageStructure } from './structure.js';

/** One `<Item>` of GDAL's metadata document. */
interface MetadataItem {
  readonly name: string;
  /** The empty string for the default domain. */
  readonly domain: string;
  /** Band number from 0, or null for the whole file. */
  readonly sample: number | null;
  readonly role: string | null;
  readonly value: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => ENTITIES[name]);
}

/**
 * Parses GDAL's metadata: a flat list of items with escaped `<` and `>`, so no general XML parser is needed.
 */
export function parseGdalMetadata(xml: string): MetadataItem[] {
  const items: MetadataItem[] = [];
  for (const [, attributes, value] of xml.matchAll(/<Item\b([^<>]*)>([^<]*)<\/Item>/g)) {
    const attribute = (name: string): string | null =>
      new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? null;
    const sample = attribute('sample');
    items.push({
      name: unescapeXml(attribute('name') ?? ''),
      domain: unescapeXml(attribute('domain') ?? ''),
      sample: sample === null ? null : Number(sample),
      role: attribute('role'),
      // GDAL escapes values twice.
      value: unescapeXml(unescapeXml(value)),
    });
  }
  return items;
}

/** GDAL's nodata text as a number, in the notation of C's strtod or Microsoft's printf; null for no number. */
export function parseNodata(text: string | null): number | null {
  if (text === null) return null;
  const word = text.trim().toLowerCase();
  if (/^[+-]?(nan|1\.#(ind|qnan|snan))/.test(word)) return Number.NaN;
  if (/^[+]?(inf|1\.#inf)/.test(word)) return Infinity;
  if (/^-(inf|1\.#inf)/.test(word)) return -Infinity;
  const number = /^[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?/.exec(word);
  return number === null ? null : Number(number[0].replace(',', '.'));
}

/** Nodata rounded to the bands' type: texts have more or fewer digits than float32. */
export function storedNodata(nodata: number | null, dtype: Dtype): number | null {
  if (nodata === null || dtype !== 'float32') return nodata;
  const rounded = Math.fround(nodata);
  return Number.isFinite(nodata) && !Number.isFinite(rounded) ? nodata : rounded;
}

/** Roles with their own field in `BandInfo`. */
const OWN_ROLES = ['scale', 'offset', 'description', 'colorinterp'];

/** The bands and the image's metadata, from tags. */
export async function readBands(
  tags: TagReader,
  image: ImageStructure,
): Promise<{ bands: BandInfo[]; metadata: Metadata }> {
  const { dtype, storedType, components } = image.sample;
  const nodata = storedNodata(parseNodata(await tags.text(TAG.GdalNodata)), dtype);
  const items = parseGdalMetadata((await tags.text(TAG.GdalMetadata)) ?? '');
  const colours = colourInterpretations(image, (await tags.numbers(TAG.ExtraSamples)) ?? []);
  const itemsByBand = groupBy(items, ({ sample }) => sample);
  const find = (sample: number, role: string): string | null =>
    itemsByBand.get(sample)?.find((item) => item.role === role)?.value ?? null;
  const number = (text: string | null, fallback: number): number => {
    const value = text === null ? Number.NaN : Number(text);
    return Number.isFinite(value) ? value : fallback;
  };
  const bands = colours.map((colour, sample) => ({
    index: sample + 1,
    dtype,
    storedType,
    components,
    nodata,
    scale: number(find(sample, 'scale'), 1),
    offset: number(find(sample, 'offset'), 0),
    description: find(sample, 'description'),
    colourInterpretation: find(sample, 'colorinterp')?.toLowerCase() ?? colour,
    metadata: byDomain(
      (itemsByBand.get(sample) ?? []).filter((item) => !OWN_ROLES.includes(item.role ?? '')),
    ),
  }));
  const tagItems = await textTags(tags);
  return { bands, metadata: byDomain([...tagItems, ...(itemsByBand.get(null) ?? [])]) };
}

function groupBy<Item, Key>(items: readonly Item[], keyOf: (item: Item) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

/** Items by domain and name. */
export function byDomain(items: readonly Pick<MetadataItem, 'name' | 'domain' | 'value'>[]): Metadata {
  return Object.fromEntries(
    [...groupBy(items, ({ domain }) => domain)].map(([domain, group]) => [
      domain,
      Object.fromEntries(group.map(({ name, value }) => [name, value])),
    ]),
  );
}

/** Baseline TIFF text tags, by GDAL's names. */
const TEXT_TAGS: readonly (readonly [tag: number, name: string])[] = [
  [269, 'TIFFTAG_DOCUMENTNAME'],
  [270, 'TIFFTAG_IMAGEDESCRIPTION'],
  [305, 'TIFFTAG_SOFTWARE'],
  [306, 'TIFFTAG_DATETIME'],
  [315, 'TIFFTAG_ARTIST'],
  [316, 'TIFFTAG_HOSTCOMPUTER'],
  [33432, 'TIFFTAG_COPYRIGHT'],
];

async function textTags(tags: TagReader): Promise<{ name: string; domain: string; value: string }[]> {
  const found = await Promise.all(
    TEXT_TAGS.map(async ([tag, name]) => ({ name, domain: '', value: await tags.text(tag) })),
  );
  return found.flatMap(({ value, ...item }) => (value === null || value === '' ? [] : [{ ...item, value }]));
}

const PHOTOMETRIC = { whiteIsZero: 0, rgb: 2, palette: 3, ycbcr: 6 } as const;
const ALPHA_SAMPLES = [1, 2];

/** As in GDAL: by the photometric interpretation, and `alpha` for extra samples declared so. */
function colourInterpretations(image: ImageStructure, extra: readonly number[]): string[] {
  const { photometric, bands } = image;
  const firstExtra = bands - extra.length;
  return Array.from({ length: bands }, (_, sample) => {
    const inColour = photometric === PHOTOMETRIC.rgb || photometric === PHOTOMETRIC.ycbcr;
    if (inColour && bands >= 3 && sample < 3) return ['red', 'green', 'blue'][sample];
    if (sample >= firstExtra && ALPHA_SAMPLES.includes(extra[sample - firstExtra])) return 'alpha';
    if (sample > 0) return 'undefined';
    return photometric === PHOTOMETRIC.palette || isBitmap(image) ? 'palette' : 'gray';
  });
}

/** The palette as 8-bit triples. One-bit images have a palette of black and white, as in GDAL. */
export async function readColourTable(tags: TagReader, image: ImageStructure): Promise<ColourTable | null> {
  const map = await tags.numbers(TAG.ColorMap);
  if (map === null || map.length % 3 !== 0) return bitmapTable(image);
  const size = map.length / 3;
  // Channels have 16 bits; a few writers store 8-bit values, none above 255.
  const shift = map.some((value) => value > 255) ? 8 : 0;
  return Array.from(
    { length: size },
    (_, i) => [map[i] >> shift, map[size + i] >> shift, map[2 * size + i] >> shift] as const,
  );
}

function isBitmap(image: ImageStructure): boolean {
  return image.sample.bits === 1 && image.bands === 1;
}

function bitmapTable(image: ImageStructure): ColourTable | null {
  if (!isBitmap(image)) return null;
  const black = [0, 0, 0] as const;
  const white = [255, 255, 255] as const;
  return image.photometric === PHOTOMETRIC.whiteIsZero ? [white, black] : [black, white];
}
