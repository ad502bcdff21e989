// H: images with the labels that someone drew over them, as masks on the images' own pixels.
import { rasterizeFile } from 'terrachip';
import { buildRasterCatalog, buildVectorCatalog } from 'terrachip/catalog';

export interface LabelledImage {
  readonly image: string;
  /** A raster of 0 and the labels' values, pixel on pixel with the image. */
  readonly mask: string;
  /** Labels that reach into the image, and pixels that they cover. */
  readonly labels: number;
  readonly pixels: number;
}

/**
 * @param images a pattern of rasters
 * @param labels a GeoJSON, FlatGeobuf, GeoPackage or shapefile of polygons
 * @param property the number of a polygon's class
 */
export async function pairWithLabels(
  images: string,
  labels: string,
  property: string,
): Promise<LabelledImage[]> {
  const { catalog: rasters } = await buildRasterCatalog(images);
  const { catalog: polygons } = await buildVectorCatalog(labels, { rows: 'feature' });
  // A pair for each polygon and each image that it reaches into; images without labels are in none.
  const overlaps = rasters.intersect(polygons, { spatialOnly: true });
  const counts = new Map<string, number>();
  for (const { href } of overlaps.parents(0)) counts.set(href, (counts.get(href) ?? 0) + 1);
  const pairs: LabelledImage[] = [];
  for (const [image, count] of counts) {
    const mask = image.replace(/\.tif$/, '_mask.tif');
    const { burnedPixels } = await rasterizeFile({
      source: labels,
      destination: mask,
      grid: { like: image },
      property,
    });
    pairs.push({ image, mask, labels: count, pixels: burnedPixels });
  }
  return pairs;
}
