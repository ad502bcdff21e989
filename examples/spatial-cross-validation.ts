// N: cross-validation by spatial blocks, so that training and test pixels are not neighbours.
import {
  batches,
  buildRasterCatalog,
  type Chip,
  gridSampler,
  loadRaster,
  SampleArea,
  spatialFolds,
} from 'terrachip/catalog';
import type { CrsLike, GeoTensor } from 'terrachip/geo';

export interface FoldScore {
  readonly trainChips: number;
  readonly testChips: number;
  /** Root mean square error on the test blocks. */
  readonly error: number;
}

/** @param image the predictor of `target`; both are rasters with one band */
export async function crossValidate(
  image: string,
  target: string,
  grid: { crs: CrsLike; resolution: number },
  { folds, block, size }: { folds: number; block: number; size: number },
): Promise<FoldScore[]> {
  const { catalog: images } = await buildRasterCatalog(image);
  const { catalog: targets } = await buildRasterCatalog(target);
  const split = spatialFolds(SampleArea.of(images, grid), { folds, block, chip: size });

  const load = async ({ geobox }: Chip): Promise<Record<'x' | 'y', GeoTensor>> => ({
    x: await loadRaster(images, geobox),
    y: await loadRaster(targets, geobox),
  });
  const pixels = async (area: SampleArea): Promise<{ chips: number; x: number[]; y: number[] }> => {
    const sampler = gridSampler(area, { size });
    const [x, y]: number[][] = [[], []];
    for await (const { arrays } of batches(sampler, load, { batchSize: 8 })) {
      for (const [i, value] of arrays.x.data.entries()) {
        const wanted = arrays.y.data[i];
        // Pixels that are nodata in either raster are left out.
        if (Number.isNaN(value + wanted)) continue;
        x.push(value);
        y.push(wanted);
      }
    }
    return { chips: sampler.length, x, y };
  };

  const scores: FoldScore[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const train = await pixels(split.rest(fold));
    const test = await pixels(split.fold(fold));
    const { slope, intercept } = fitLine(train.x, train.y);
    const squares = test.x.map((x, i) => (slope * x + intercept - test.y[i]) ** 2);
    const error = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
    scores.push({ trainChips: train.chips, testChips: test.chips, error });
  }
  return scores;
}

/** Least squares. */
function fitLine(x: readonly number[], y: readonly number[]): { slope: number; intercept: number } {
  const mean = (values: readonly number[]): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const covariance = mean(x.map((value, i) => (value - meanX) * (y[i] - meanY)));
  const slope = covariance / mean(x.map((value) => (value - meanX) ** 2));
  return { slope, intercept: meanY - slope * meanX };
}
