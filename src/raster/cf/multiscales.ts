/** Overviews of a variable, from GeoZarr's `multiscales`. */
import * as v from 'valibot';
import type { ArrayGroup, Attributes } from '../arrays/index.js';
import { groupsAround } from './coordinates.js';

/** The convention of 2025, and the earlier list of datasets. */
const Layout = v.object({ layout: v.array(v.looseObject({ asset: v.string() })) });
const Datasets = v.array(v.object({ datasets: v.array(v.looseObject({ path: v.string() })) }));

export interface Level {
  /** The array's path. */
  readonly path: string;
  /** The layout's attributes of this level. */
  readonly attributes: Attributes;
}

/** All levels of a variable, itself included, in the listed order; null for none. */
export async function levelsOf(group: ArrayGroup, path: string): Promise<Level[] | null> {
  for (const folder of groupsAround(path)) {
    const assets = assetsOf(await group.attributes(folder));
    const start = folder === '' ? '' : `${folder}/`;
    const own = assets.find(({ asset }) => `${path}/`.startsWith(`${start}${asset}/`));
    if (own === undefined) continue;
    const rest = path.slice(`${start}${own.asset}`.length);
    return assets.map(({ asset, attributes }) => ({ path: `${start}${asset}${rest}`, attributes }));
  }
  return null;
}

function assetsOf(attributes: Attributes): { asset: string; attributes: Attributes }[] {
  const layout = v.safeParse(Layout, attributes.multiscales);
  if (layout.success) return layout.output.layout.map((entry) => ({ asset: entry.asset, attributes: entry }));
  const datasets = v.safeParse(Datasets, attributes.multiscales);
  if (!datasets.success) return [];
  return datasets.output[0]?.datasets.map(({ path }) => ({ asset: path, attributes: {} })) ?? [];
}
