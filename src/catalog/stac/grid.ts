/** The projection extension of STAC: where the pixels of an asset lie. */
import * as v from 'valibot';
import { Affine, type Bounds, Crs, GeoBox } from '../../geo/index.js';
import { AnyRecord } from '../../json.js';

const Numbers = v.array(v.number());

/** Members that describe grids: of an item's properties, or of an asset. */
export const GRID = {
  'proj:code': v.nullish(v.string()),
  'proj:epsg': v.nullish(v.union([v.number(), v.string()])),
  'proj:wkt2': v.nullish(v.string()),
  'proj:projjson': v.nullish(AnyRecord),
  'proj:shape': v.nullish(Numbers),
  'proj:transform': v.nullish(Numbers),
  'proj:bbox': v.nullish(Numbers),
};

/** Metadata of its assets' grids in an item's properties; empty if a member is invalid. */
export const Grid = v.fallback(v.looseObject(GRID), {});
export type Grid = v.InferOutput<typeof Grid>;

/** Pixels by which a box may differ from its grid. */
const SLACK = 2;

/**
 * The grid of an asset, from its own metadata, else from its item. Null if this is incomplete, contradictory or impossible:
 * the grid is then read from the file.
 */
export function gridOf(asset: Grid, item: Grid): GeoBox | null {
  const member = <Name extends keyof typeof GRID>(name: Name) => asset[name] ?? item[name];
  const crs = systemOf(asset) ?? systemOf(item);
  const [height, width] = member('proj:shape') ?? [];
  if (crs === null || width === undefined) return null;
  const [a, b, c, d, e, f] = member('proj:transform') ?? [];
  const bounds = boundsOfBbox(member('proj:bbox') ?? []);
  try {
    if (f === undefined) return bounds === null ? null : GeoBox.fromSize(bounds, crs, width, height);
    const grid = new GeoBox(crs, new Affine(a, b, c, d, e, f), width, height);
    return bounds === null || isSame(grid, bounds) ? grid : null;
  } catch {
    return null;
  }
}

function systemOf(grid: Grid): Crs | null {
  const system = grid['proj:code'] ?? grid['proj:epsg'] ?? grid['proj:wkt2'];
  const projjson = grid['proj:projjson'];
  try {
    if (system === null || system === undefined) return projjson ? Crs.fromProjJson(projjson) : null;
    const isNumber = typeof system === 'number' || /^\d+$/.test(system);
    return Crs.parse(isNumber ? `EPSG:${system}` : system);
  } catch {
    return null;
  }
}

/** A box of two or three dimensions; null for other lengths. */
export function boundsOfBbox(bbox: readonly number[]): Bounds | null {
  if (bbox.length === 4) return [bbox[0], bbox[1], bbox[2], bbox[3]];
  return bbox.length === 6 ? [bbox[0], bbox[1], bbox[3], bbox[4]] : null;
}

function isSame({ bounds, resolution: [width, height] }: GeoBox, box: Bounds): boolean {
  return bounds.every((side, k) => Math.abs(side - box[k]) <= SLACK * (k % 2 === 0 ? width : height));
}

/** A grid as members of an asset; none where its reference system has no text. */
export function membersOfGrid({ crs, transform, width, height }: GeoBox): Record<string, unknown> {
  const system =
    crs.epsg === null ? crs.wkt && { 'proj:wkt2': crs.wkt } : { 'proj:code': `EPSG:${crs.epsg}` };
  if (!system) return {};
  return { ...system, 'proj:shape': [height, width], 'proj:transform': transform.toTuple() };
}
