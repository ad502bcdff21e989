/** Plans training chips: rows, places, labels, and all that decides the bytes of the result. */
import { createHash } from 'node:crypto';
import type { RasterPool } from '../../catalog/node/index.js';
import { invalidInput } from '../../errors.js';
import { GeoBox } from '../../geo/index.js';
import type { Backend } from '../../gpu/index.js';
import { reportProgress } from '../../progress.js';
import type { BlockCache } from '../../raster/node/index.js';
import { VERSION } from '../../version.js';
import { readPlace, selectRows } from '../catalog.js';
import { gridOfRows } from '../catalog-grid.js';
import type { ChipFormat } from '../choices.js';
import type { InputVersions } from '../input-versions.js';
import type { ChipShape } from './forms.js';
import { ImageSource } from './images.js';
import { type LabelSource, openLabels } from './labels.js';
import type { ExportChipsOptions } from './options.js';
import { type CountLabels, choosePlaces, divideArea, type SplitPlaces } from './places.js';
import { countClasses } from './statistics.js';

/** How files are read. */
export interface ChipContext {
  readonly backend: Backend;
  readonly cache: BlockCache;
  readonly pool: RasterPool;
  readonly versions: InputVersions;
}

/** The plan of a run. */
export interface ChipPlan {
  readonly images: ImageSource;
  readonly labels: LabelSource | null;
  readonly splits: readonly SplitPlaces[];
  /** The number of chips. */
  readonly count: number;
  readonly shape: ChipShape;
  /** All that decides the bytes, by the names of options. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/**
 * @throws {TerrachipError} INVALID_INPUT for a selection without rows, and for places without chips; as `ImageSource.open`,
 * `openLabels`, `divideArea` and `choosePlaces`
 */
export async function planChips(
  options: ExportChipsOptions,
  format: ChipFormat,
  context: ChipContext,
): Promise<ChipPlan> {
  const { catalog, select = {}, size, signal } = options;
  const name = typeof catalog === 'string' ? catalog : 'the catalog';
  const place = await readPlace(select, signal, 'the CRS');
  const selected = await selectRows(catalog, select, place, signal);
  if (selected.length === 0) {
    const remedy = 'widen the selection (terrachip catalog info lists the extent)';
    throw invalidInput(name, 'has no row at that place and time', remedy);
  }
  const images = await ImageSource.open(selected, name, options, context, signal);
  const leftOut = selected.length - images.catalog.length;
  if (leftOut > 0) {
    const message = `${name}: ${leftOut} rows lack some of the bands and are left out`;
    options.onProgress?.({ type: 'warning', message });
  }
  const base = await gridOfRows(images.catalog, images.bands[0], options.grid, signal);
  const area = divideArea(images.catalog, base, place, options);
  const { frame } = area;
  // Before files are read: they must not change from then on.
  const identity = createHash('sha256').update(JSON.stringify(await images.identity(signal)));
  const { labels: path } = options;
  const ofLabels = path === undefined ? null : await context.versions.identityOf(path, signal);
  const labels = await openLabels(options, { ...context, ...options, frame });
  const splits = await choosePlaces(area, options, labels === null ? null : counterOf(labels, options));
  const count = splits.reduce((sum, { length }) => sum + length, 0);
  if (count === 0)
    throw invalidInput(name, 'gives no chips', 'choose a larger area, or labels that lie in it');
  const { names: bands, dtype, nodata } = images;
  return {
    images,
    labels,
    splits,
    count,
    shape: {
      size,
      bands,
      dtype,
      nodata,
      labels: labels === null ? null : { dtype: labels.dtype, ignore: labels.ignore },
    },
    settings: {
      ...settingsOf(options),
      terrachip: VERSION,
      catalog: identity.digest('hex'),
      labels: ofLabels,
      format,
      // Without the size, which depends on the selection.
      grid: new GeoBox(base.crs, base.transform, 1, 1).toJSON(),
    },
  };
}

/** The options that decide the bytes of the result, with defaults. Those that name files are left out. */
function settingsOf(options: ExportChipsOptions): Record<string, unknown> {
  const { size, sampler = 'grid', seed = 0, every = 'day', method = 'first', stored = false } = options;
  const { stride, policy, count, split, block, buffer, bands, mask, resampling } = options;
  const { dtype = 'float32', nodata, minValid = 0, unitChips } = options;
  const { bbox, crs, geometry, datetime, predicate, touch, where } = options.select ?? {};
  const { labelBand, labelProperty, labelClasses, labelLayer, labelCrs, allTouched, background, ignore } =
    options;
  return {
    ...{ size, sampler, stride, policy, count, seed, every, split, block, buffer },
    ...{ bands, mask, method, resampling, stored, dtype, nodata, minValid },
    ...{ labelBand, labelProperty, labelClasses, labelLayer, labelCrs, allTouched, background, ignore },
    ...{ bbox, crs, geometry, datetime, predicate, touch, where, unitChips },
  };
}

/** Counts the labels of a chip, and reports how many chips were counted. */
function counterOf(labels: LabelSource, options: ExportChipsOptions): CountLabels {
  return async (chip, done, total) => {
    options.signal?.throwIfAborted();
    const counts = countClasses(await labels.load(chip.geobox, options.signal), labels.ignore);
    reportProgress(options, 'labels', done, total, 'chips');
    return counts;
  };
}
