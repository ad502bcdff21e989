/** The search of a STAC API over a few items, by the STAC API specification 1.0 with its extensions. */

type Json = Readonly<Record<string, unknown>>;

/** An item as stored by the server. */
export interface ArchiveItem extends Json {
  readonly id: string;
  readonly collection?: string;
  readonly bbox?: readonly number[];
  readonly properties: Json;
}

/** The parameters of a request, from its body or query. */
export type SearchBody = Record<string, unknown>;

/** An error response in the form of stac-fastapi. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, description: string) {
    super(description);
    this.status = status;
  }
}

/** A GET's query in the form of a POST body. */
export function bodyOfQuery(query: URLSearchParams): SearchBody {
  const body: SearchBody = Object.fromEntries(query);
  const list = (name: string): string[] | undefined => query.get(name)?.split(',');
  for (const name of ['collections', 'ids']) if (query.has(name)) body[name] = list(name);
  if (query.has('bbox')) body.bbox = list('bbox')?.map(Number);
  if (query.has('limit')) body.limit = Number(query.get('limit'));
  for (const name of ['intersects', 'query'])
    if (query.has(name)) body[name] = JSON.parse(query.get(name) ?? '');
  if (query.get('filter-lang') === 'cql2-text') throw new Refusal(400, 'this server reads CQL2 as JSON only');
  if (query.has('filter')) body.filter = JSON.parse(query.get('filter') ?? '');
  body.sortby = list('sortby')?.map((text) => ({
    field: text.replace(/^[+-]/, ''),
    direction: text.startsWith('-') ? 'desc' : 'asc',
  }));
  const fields = list('fields');
  body.fields = fields && {
    include: fields.filter((name) => !name.startsWith('-')),
    exclude: fields.filter((name) => name.startsWith('-')).map((name) => name.slice(1)),
  };
  return body;
}

/** The items requested by a body, in its order. @throws {Refusal} for a body that is not valid */
export function findItems(items: readonly ArchiveItem[], body: SearchBody): ArchiveItem[] {
  const { collections, ids, bbox, intersects, datetime, query, filter, sortby } = body;
  if (bbox !== undefined && intersects !== undefined)
    throw new Refusal(400, 'intersects and bbox parameters are mutually exclusive');
  const box = boxOf(bbox, intersects);
  const span = spanOf(datetime);
  const found = items.filter((item) => {
    if (Array.isArray(collections) && !collections.includes(item.collection)) return false;
    if (Array.isArray(ids) && !ids.includes(item.id)) return false;
    if (box !== null && !overlaps(box, item.bbox ?? [])) return false;
    if (span !== null && !isWithin(span, item.properties)) return false;
    if (isRecord(query) && !Object.entries(query).every(([name, tests]) => passes(item, name, tests)))
      return false;
    return filter === undefined || holds(item, filter);
  });
  if (!Array.isArray(sortby)) return found;
  return found.sort((a, b) => {
    for (const { field, direction } of sortby as { field: string; direction: string }[]) {
      const [p, q] = [a, b].map((item) => String(memberOf(item, field)));
      if (p !== q) return (p < q ? -1 : 1) * (direction === 'desc' ? -1 : 1);
    }
    return 0;
  });
}

/** An item without the members that `fields` excludes; only top-level members and properties are supported here. */
export function withFields(item: ArchiveItem, fields: unknown): Json {
  if (!isRecord(fields)) return item;
  const excluded = new Set(Array.isArray(fields.exclude) ? fields.exclude : []);
  const properties = Object.entries(item.properties).filter(([name]) => !excluded.has(`properties.${name}`));
  const kept = Object.entries(item).filter(([name]) => !excluded.has(name));
  return { ...Object.fromEntries(kept), properties: Object.fromEntries(properties) };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function boxOf(bbox: unknown, intersects: unknown): number[] | null {
  if (Array.isArray(bbox)) {
    const box = bbox.length === 6 ? [bbox[0], bbox[1], bbox[3], bbox[4]] : bbox;
    if (box.length !== 4 || box[1] > box[3]) throw new Refusal(400, 'bbox is not valid');
    return box;
  }
  if (!isRecord(intersects)) return null;
  const positions = (JSON.stringify(intersects.coordinates).match(/\[-?[\d.e+-]+,-?[\d.e+-]+/g) ?? []).map(
    (text) => text.slice(1).split(',').map(Number),
  );
  const [xs, ys] = [0, 1].map((k) => positions.map((position) => position[k]));
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

function overlaps([x0, y0, x1, y1]: readonly number[], [a, b, c, d]: readonly number[]): boolean {
  return a <= x1 && c >= x0 && b <= y1 && d >= y0;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

function spanOf(datetime: unknown): [number, number] | null {
  if (datetime === undefined) return null;
  const ends = String(datetime).split('/');
  const times = ends.map((text, k) => {
    if (text === '..' || text === '') return k === 0 ? -Infinity : Infinity;
    if (!RFC3339.test(text)) throw new Refusal(400, `Invalid RFC3339 datetime: ${text}`);
    return Date.parse(text);
  });
  return [times[0], times[times.length - 1]];
}

function isWithin([from, to]: [number, number], { datetime, start_datetime, end_datetime }: Json): boolean {
  const start = Date.parse(String(start_datetime ?? datetime));
  const end = Date.parse(String(end_datetime ?? datetime));
  return start <= to && end >= from;
}

function memberOf(item: ArchiveItem, name: string): unknown {
  const plain = name.replace(/^properties\./, '');
  return plain in item.properties ? item.properties[plain] : item[plain];
}

const COMPARE: Readonly<Record<string, (a: never, b: never) => boolean>> = {
  eq: (a, b) => a === b,
  neq: (a, b) => a !== b,
  lt: (a, b) => a < b,
  lte: (a, b) => a <= b,
  gt: (a, b) => a > b,
  gte: (a, b) => a >= b,
  in: (a, b) => (b as unknown[]).includes(a),
};
const OPERATORS: Readonly<Record<string, string>> = {
  '=': 'eq',
  '<>': 'neq',
  '<': 'lt',
  '<=': 'lte',
  '>': 'gt',
  '>=': 'gte',
  in: 'in',
};

function passes(item: ArchiveItem, name: string, tests: unknown): boolean {
  return Object.entries(tests as Json).every(([operator, value]) =>
    COMPARE[operator](memberOf(item, name) as never, value as never),
  );
}

function holds(item: ArchiveItem, filter: unknown): boolean {
  if (!isRecord(filter) || !Array.isArray(filter.args)) throw new Refusal(400, 'filter is not valid');
  const { op, args } = filter;
  if (op === 'and') return args.every((each) => holds(item, each));
  if (op === 'or') return args.some((each) => holds(item, each));
  if (op === 'not') return !holds(item, args[0]);
  const [left, right] = args.map((each) =>
    isRecord(each) && typeof each.property === 'string' ? memberOf(item, each.property) : each,
  );
  const compare = COMPARE[OPERATORS[String(op)] ?? ''];
  if (compare === undefined) throw new Refusal(400, `no operator ${String(op)}`);
  return compare(left as never, right as never);
}
