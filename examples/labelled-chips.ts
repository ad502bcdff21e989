import {
  batches,
  buildRasterCatalog,
  type Chip,
  loadRaster,
  loadVector,
  randomSampler,
  SampleArea,
} from 'terrachip/catalog';

/** Batches of seeded random chips with labels. @param property the property of polygons that is burned */
export async function* labelledChips(images: string, polygons: string, property: string, seed: number) {
  const { catalog } = await buildRasterCatalog(images);
  const area = SampleArea.of(catalog, { crs: 32631, resolution: 10 });
  const chips = randomSampler(area, { size: 16, count: 10, seed });
  const load = async ({ geobox }: Chip) => ({
    image: await loadRaster(catalog, geobox),
    label: (await loadVector(polygons, geobox, { value: { property } })).classes,
  });
  yield* batches(chips, load, { batchSize: 4 });
}
