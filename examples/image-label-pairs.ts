// H: images with label polygons, rasterized to masks and boxes on the images' grids.
import {
  buildRasterCatalog,
  buildVectorCatalog,
  type CatalogRow,
  loadRaster,
  loadSides,
  loadVector,
  type VectorLabels,
} from 'terrachip/catalog';
import type { GeoTensor } from 'terrachip/geo';

export interface LabelledImage {
  readonly id: string;
  readonly image: GeoTensor;
  /** Class and instance of each pixel, and the box of each instance. */
  readonly labels: VectorLabels;
}

/**
 * @param images a pattern of rasters
 * @param labels a GeoJSON, FlatGeobuf, GeoPackage or shapefile of polygons
 * @param property the property with a polygon's class number
 */
export async function* labelledImages(
  images: string,
  labels: string,
  property: string,
): AsyncGenerator<LabelledImage> {
  const { catalog: rasters } = await buildRasterCatalog(images);
  const { catalog: polygons } = await buildVectorCatalog(labels, { rows: 'feature' });
  // A row for each pair of an image and a polygon that overlap; images without labels have none.
  const overlaps = rasters.intersect(polygons, { spatialOnly: true });
  const burn = (rows: readonly CatalogRow[], grid: Parameters<typeof loadVector>[1]): Promise<VectorLabels> =>
    loadVector(rows, grid, { features: 'row', value: { property } });
  for (const { id, assets } of new Set(overlaps.parents(0))) {
    const grid = assets.data.geobox;
    const own = overlaps.filter((row) => row.parents?.[0].id === id);
    if (grid === undefined) continue;
    const [image, drawn] = await loadSides(own, grid, [loadRaster, burn]);
    yield { id, image, labels: drawn };
  }
}
