// O: embeddings of all chips of a catalog in a Zarr store, and a search for the most similar chips.
import { type EmbedReport, embedCatalogs } from 'terrachip';
import { buildRasterCatalog } from 'terrachip/catalog';
import { type CrsLike, TimeInterval } from 'terrachip/geo';
import { openZarr, type StoredArray } from 'terrachip/raster';

/**
 * @param scenes Sentinel-2 images of two bands, red and near infrared, with their day as `…_20210715…` in the name
 * @param model the folder of an encoder (`terrachip model import`)
 */
export async function embed(
  scenes: string,
  model: string,
  store: string,
  grid: { crs: CrsLike; resolution: number },
): Promise<EmbedReport> {
  const { catalog } = await buildRasterCatalog(scenes, {
    filenameRegex: /_(?<date>\d{8})/,
    bandNames: ['B04', 'B08'],
  });
  return embedCatalogs({
    ...grid,
    catalogs: catalog,
    // GeoTIFFs do not declare units, and terrachip does not guess them.
    units: { S2L2A: 'dn_harmonised' },
    every: 'day',
    model,
    output: store,
    resume: true,
  });
}

export interface Likeness {
  id: string;
  day: string;
  /** Cosine similarity, from -1 to 1. */
  cosine: number;
}

/** The chips most similar to the chip at a place and day, by cosine similarity. That chip itself comes first. */
export async function mostSimilar(
  store: string,
  [x, y]: readonly [number, number],
  day: string,
  count: number,
): Promise<Likeness[]> {
  const { ids, vectors, bounds, starts } = await readStore(store);
  const wanted = TimeInterval.parse(day);
  const here = ids.findIndex((_, k) => {
    const [x0, y0, x1, y1] = bounds[k];
    return x0 <= x && x < x1 && y0 <= y && y < y1 && wanted.contains(starts[k]);
  });
  if (here < 0) throw new Error(`${store} has no chip at ${x}, ${y} on ${day}`);
  const all = ids.map((id, k) => ({
    id,
    day: new Date(starts[k]).toISOString().slice(0, 10),
    cosine: cosine(vectors[here], vectors[k]),
  }));
  // Chips without data have NaN vectors, which are left out.
  return all
    .filter((chip) => !Number.isNaN(chip.cosine))
    .sort((a, b) => b.cosine - a.cosine)
    .slice(0, count);
}

async function readStore(
  path: string,
): Promise<{ ids: string[]; starts: number[]; vectors: number[][]; bounds: number[][] }> {
  const group = await openZarr(path);
  const array = async (name: string): Promise<StoredArray> => {
    const found = await group.array(name);
    if (found === null) throw new Error(`${path} is no store of embeddings: it has no ${name}`);
    return found;
  };
  /** A list of numbers for each chip. */
  const rows = async (name: string): Promise<number[][]> => {
    const { data, shape } = await (await array(name)).read();
    const numbers = Array.from(data, Number);
    return Array.from({ length: shape[0] }, (_, k) => numbers.slice(k * shape[1], (k + 1) * shape[1]));
  };
  try {
    const ids = await (await array('id')).readText();
    const starts = (await rows('time')).map(([start]) => start);
    return { ids, starts, vectors: await rows('embeddings'), bounds: await rows('bounds') };
  } finally {
    await group.dispose();
  }
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, value, k) => sum + value * q[k], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
