// O: what a model sees in each place, kept as a catalog: a GeoParquet file whose rows carry an embedding.
import {
  batches,
  batchTensors,
  buildRasterCatalog,
  type CatalogRow,
  type Chip,
  GeoCatalog,
  gridFootprint,
  gridSampler,
  loadRaster,
  openCatalog,
  SampleArea,
  writeCatalog,
} from 'terrachip/catalog';
import { type CrsLike, GeoTensor } from 'terrachip/geo';
import { loadOnnxRuntime } from 'terrachip/inference';

/** @param encoder an ONNX file from images (chip, band, y, x) to vectors (chip, feature, …) */
export async function embed(
  images: string,
  encoder: string,
  store: string,
  { crs, resolution, size }: { crs: CrsLike; resolution: number; size: number },
): Promise<void> {
  const { catalog } = await buildRasterCatalog(images);
  const chips = gridSampler(SampleArea.of(catalog, { crs, resolution }), { size });
  const load = async ({ geobox }: Chip, signal: AbortSignal): Promise<{ image: GeoTensor }> => {
    const { data, shape, dimensions } = await loadRaster(catalog, geobox, { signal });
    // A model takes no gaps.
    const filled = data.map((value) => (Number.isNaN(value) ? 0 : value));
    return { image: new GeoTensor({ data: filled, shape, dimensions, geobox }) };
  };
  const runtime = await loadOnnxRuntime();
  const session = await runtime.InferenceSession.create(encoder, { executionProviders: ['cpu'] });
  const rows: CatalogRow[] = [];
  for await (const batch of batches(chips, load, { batchSize: 16 })) {
    const { image } = batchTensors(runtime, batch);
    const outputs = await session.run({ [session.inputNames[0]]: image });
    const vectors = outputs[session.outputNames[0]].data as Float32Array;
    const features = vectors.length / batch.items.length;
    for (const [k, chip] of batch.items.entries())
      rows.push(rowOf(chip, images, [...vectors.subarray(k * features, (k + 1) * features)]));
  }
  await session.release();
  await writeCatalog(GeoCatalog.from(rows), store);
}

function rowOf({ index, geobox, slice }: Chip, href: string, embedding: number[]): CatalogRow {
  const id = `chip-${index}`;
  const footprint = gridFootprint(geobox, id);
  return {
    id,
    collection: 'embeddings',
    footprint,
    interval: slice.interval,
    href,
    assets: {},
    properties: { embedding },
  };
}

/** The ids of the places that are most like one, by the angle between their vectors; the place itself is among them. */
export async function mostSimilar(
  store: string,
  place: readonly [number, number],
  count: number,
): Promise<string[]> {
  const file = await openCatalog(store);
  try {
    const [here] = await file.query({ geometry: { type: 'Point', coordinates: place } }, { touch: true });
    const wanted = vectorOf(here);
    const all = [...(await file.load())].map((row) => ({
      id: row.id,
      likeness: cosine(wanted, vectorOf(row)),
    }));
    all.sort((a, b) => b.likeness - a.likeness);
    return all.slice(0, count).map(({ id }) => id);
  } finally {
    await file.dispose();
  }
}

function vectorOf(row: CatalogRow): number[] {
  return (row.properties.embedding as readonly number[]).map(Number);
}

function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, value, k) => sum + value * q[k], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}
