/** Vector files in a zip archive, read in place: one file, or the many of a download of Copernicus EMS. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { invalidInput, TerrachipError, tooLarge } from '../../errors.js';
import { requireAtMost } from '../../io/byte-source.js';
import { type ByteSource, MemorySource } from '../../io/index.js';
import { unpackFolder } from '../../io/node/unpack.js';
import { openZip, requireSafeNames, type ZipArchive } from '../../io/zip.js';
import { listed, preferredOf, type ReadLayerOptions, type VectorFeatures } from '../features.js';
import { parseShapefile } from '../shapefile/index.js';
import { MAX_WHOLE_BYTES, readFormat, readParts, TOO_LARGE_REMEDY } from './formats.js';
import { readGeodatabase } from './geodatabase.js';

const MAX_DIRECTORY_BYTES = 4 * 2 ** 20;

/** Limits on archives inside an archive that are searched, and on the bytes read from one. */
const MAX_INNER = 200;
const MAX_BYTES = 2 * 2 ** 30;

/** File extensions, in the order of preference for a name that has several. */
const KINDS = ['gdb', 'shp', 'gpkg', 'fgb', 'parquet', 'geoparquet', 'geojson', 'json', 'topojson'] as const;

type Kind = (typeof KINDS)[number];

/** A vector file of an archive. */
interface Member {
  readonly archive: ZipArchive;
  /** The archive's name, for messages. */
  readonly source: string;
  /** The folder of a geodatabase. */
  readonly key: string;
  /** Without folder and extension. */
  readonly name: string;
  readonly kind: Kind;
}

/**
 * Reads one vector file of an archive: the one named as the layer, the only one, or the first match of `preferred`. Files
 * of several areas of one EMS activation are read together. In an archive without vector files, the archives in it are
 * searched.
 * @throws {TerrachipError} INVALID_INPUT for an archive with a name that leaves its folder, or without vector files;
 * INVALID_OPTION for several files without a choice; TOO_LARGE
 */
export async function readArchive(
  source: ByteSource,
  parse: ReadLayerOptions,
  options: { readonly stac?: boolean },
): Promise<VectorFeatures> {
  const budget = new Budget(source.name);
  const outer = await openArchive(source);
  let members = membersOf(outer, source.name);
  let chosen = chooseMembers(members, parse);
  if (chosen.length === 0) {
    members = [...members, ...(await innerMembers(outer, source.name, budget, parse.signal))];
    chosen = chooseMembers(members, parse);
  }
  if (members.length === 0) throw invalidInput(source.name, 'holds no vector file', 'check the zip file');
  if (chosen.length === 0) {
    throw new TerrachipError(
      'INVALID_OPTION',
      `${source.name} holds ${members.length} vector files${parse.layer === undefined ? '' : `, none of that name`}`,
      `name one of ${listed([...new Set(members.map(({ name }) => name))])}`,
      { option: 'layer' },
    );
  }
  const parts: VectorFeatures[] = [];
  for (const member of chosen) parts.push(await readMember(member, parse, options, budget));
  if (chosen.length < members.length && parse.layer === undefined && isPreferred(chosen[0], parse)) {
    const names = listed(chosen.map(({ name }) => name));
    const message = `${source.name} holds ${members.length} vector files, of which ${names} is read`;
    parse.onProgress?.({ type: 'warning', message });
  }
  return together(parts, source.name);
}

/** Bytes that may still be read from an archive and those in it. */
class Budget {
  #left = MAX_BYTES;

  constructor(readonly name: string) {}

  async read(archive: ZipArchive, key: string, limit: number): Promise<Uint8Array<ArrayBuffer>> {
    const size = archive.entries.get(key)?.size ?? 0;
    requireAtMost({ name: `${this.name}/${key}`, size }, limit, TOO_LARGE_REMEDY);
    this.#left -= size;
    if (this.#left < 0) {
      const problem = `${this.name} holds more than ${MAX_BYTES} bytes of vector files`;
      throw tooLarge(problem, 'check that it is the right file, or unpack it yourself', {
        size: MAX_BYTES - this.#left,
        limit: MAX_BYTES,
      });
    }
    return archive.read(key, 0, size);
  }
}

async function openArchive(source: ByteSource): Promise<ZipArchive> {
  const archive = await openZip(source, { maxDirectoryBytes: MAX_DIRECTORY_BYTES });
  requireSafeNames(archive, source.name);
  return archive;
}

function isHidden(key: string): boolean {
  return /(^|\/)(__MACOSX|\.)/.test(key);
}

function membersOf(archive: ZipArchive, source: string): Member[] {
  const found = new Map<string, Member>();
  for (const key of archive.entries.keys()) {
    if (isHidden(key)) continue;
    const isTable = /\.gdbtable$/i.test(key);
    const ending = /\.([a-z]+)$/i.exec(key)?.[1]?.toLowerCase();
    const kind = isTable ? 'gdb' : KINDS.find((each) => each !== 'gdb' && each === ending);
    if (kind === undefined) continue;
    const place = isTable ? key.slice(0, key.lastIndexOf('/') + 1) : key;
    const name = basename(place === '' ? source : place).replace(/\.[a-z]+$/i, '');
    found.set(place, { archive, source, key: place, name, kind });
  }
  return [...found.values()];
}

async function innerMembers(
  outer: ZipArchive,
  name: string,
  budget: Budget,
  signal?: AbortSignal,
): Promise<Member[]> {
  const keys = [...outer.entries.keys()].filter((key) => /\.zip$/i.test(key) && !isHidden(key));
  if (keys.length > MAX_INNER) {
    const problem = `${name} holds ${keys.length} zip files, more than the ${MAX_INNER} that are looked through`;
    throw tooLarge(problem, 'unpack it first, and give one of them', { size: keys.length, limit: MAX_INNER });
  }
  const members: Member[] = [];
  for (const key of keys) {
    signal?.throwIfAborted();
    const inner = `${name}/${key}`;
    const bytes = await budget.read(outer, key, MAX_WHOLE_BYTES);
    members.push(...membersOf(await openArchive(new MemorySource(bytes, inner)), inner));
  }
  return members;
}

/** Databases have layers, whose names are known after opening. */
function hasLayers({ kind }: Member): boolean {
  return kind === 'gdb' || kind === 'gpkg';
}

function isPreferred({ name }: Member, { preferred = [] }: ReadLayerOptions): boolean {
  return preferred.some((pattern) => pattern.test(name));
}

/** The files to read; empty if the choice is ambiguous. */
function chooseMembers(members: readonly Member[], parse: ReadLayerOptions): Member[] {
  const files = members.filter((member) => !hasLayers(member));
  const databases = members.filter(hasLayers);
  if (parse.layer !== undefined) {
    const named = onePerName(files.filter(({ name }) => name === parse.layer));
    if (named.length > 0) return named.length === 1 ? named : [];
    return databases.length === 1 ? databases : [];
  }
  const names = preferredOf(
    files.map(({ name }) => name),
    parse.preferred ?? [],
  );
  const preferred = onePerName(files.filter(({ name }) => names.includes(name)));
  if (preferred.length > 0) return areApart(preferred) ? preferred : [];
  for (const kind of KINDS) {
    const found = members.filter((member) => member.kind === kind);
    if (found.length > 0) return found.length === 1 ? found : [];
  }
  return [];
}

/** Each name once: EMS publishes every layer as a shapefile and as GeoJSON. */
function onePerName(members: readonly Member[]): Member[] {
  const found = new Map<string, Member>();
  for (const member of members) {
    const place = `${member.source}/${member.key.slice(0, member.key.lastIndexOf('/') + 1)}${member.name}`;
    const known = found.get(place);
    if (known === undefined || KINDS.indexOf(member.kind) < KINDS.indexOf(known.kind))
      found.set(place, member);
  }
  return [...found.values()];
}

/** Whether several files cover different areas, by EMS's names, such as `EMSR517_AOI15_…` or `EMSR332_02PADOVA_…`. */
function areApart(members: readonly Member[]): boolean {
  const areas = members.map(({ name }) => /EMS[RN]\d+_([^_]+)_/i.exec(name)?.[1]);
  return members.length === 1 || (!areas.includes(undefined) && new Set(areas).size === areas.length);
}

async function readMember(
  { archive, source, key, name, kind }: Member,
  parse: ReadLayerOptions,
  options: { readonly stac?: boolean },
  budget: Budget,
): Promise<VectorFeatures> {
  const shown = `${source}/${key}`.replace(/\/+$/, '');
  if (kind === 'gdb') return readUnpacked(archive, shown, key, parse);
  const layer = hasLayers({ archive, source, key, name, kind }) ? parse.layer : undefined;
  const bytes = await budget.read(archive, key, MAX_WHOLE_BYTES);
  if (kind !== 'shp') return readFormat(new MemorySource(bytes, shown), key, { ...parse, layer }, options);
  const keys = [...archive.entries.keys()];
  const parts = await readParts(bytes, async (part, limit) => {
    parse.signal?.throwIfAborted();
    const wanted = `${key.slice(0, -4)}.${part}`.toLowerCase();
    const beside = keys.find((each) => each.toLowerCase() === wanted);
    return beside === undefined ? null : budget.read(archive, beside, limit);
  });
  return parseShapefile(parts, shown, name, parse);
}

/** GDAL reads geodatabases only from the disk. */
async function readUnpacked(
  archive: ZipArchive,
  shown: string,
  prefix: string,
  parse: ReadLayerOptions,
): Promise<VectorFeatures> {
  const temporary = await mkdtemp(join(tmpdir(), 'terrachip-'));
  try {
    const folder = join(temporary, 'database.gdb');
    await unpackFolder(archive, shown, prefix, folder, parse.signal);
    return await readGeodatabase(folder, parse, shown);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** The features of several files in one CRS. */
function together(parts: readonly VectorFeatures[], name: string): VectorFeatures {
  const [first, ...others] = parts;
  if (others.length === 0) return first;
  const other = others.find(({ crs }) => !crs.equals(first.crs));
  if (other !== undefined) {
    const problem = `holds ${first.name} and ${other.name} in different reference systems`;
    throw invalidInput(name, problem, 'name one with `layer`');
  }
  return { ...first, name, layer: null, features: parts.flatMap(({ features }) => features) };
}
