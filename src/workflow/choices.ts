/** Words that options can have. The command line shows them without loading the code behind them. */
import type { CalendarUnit, GridPolicy } from '../catalog/node/index.js';
import type { MosaicMethod } from '../kernels/index.js';

export { RAPIDAI4EO_PRODUCTS } from '../archives/rapidai4eo/hrefs.js';
export { INDEX_NAMES, type IndexName } from '../kernels/expression/indices.js';

export const CATALOG_TYPES = ['raster', 'zarr', 'vector', 'product', 'stac'] as const;
/** The kind of files that a catalog is built from. */
export type CatalogType = (typeof CATALOG_TYPES)[number];

export const ROW_KINDS = ['store', 'step', 'file', 'feature'] as const;
/** What a row of a catalog stands for: a `store` or a time `step` of it, a vector `file` or a `feature` of it. */
export type RowKind = (typeof ROW_KINDS)[number];

export const CHIP_METHODS = [
  'first',
  'last',
  'min',
  'max',
  'mean',
  'median',
] as const satisfies readonly MosaicMethod[];
/** How several rows over one pixel of a chip are combined. */
export type ChipMethod = (typeof CHIP_METHODS)[number];

export const MASK_WORDS = ['scl', 'clouds'] as const;
/**
 * Masks by name: `scl` takes clouds, their shadows and cirrus by the band SCL of Sentinel-2, `clouds` by SCL or Landsat's
 * QA_PIXEL, whichever a row has.
 */
export type MaskWord = (typeof MASK_WORDS)[number];

export const CHIP_TIMES = [
  'all',
  'time',
  'hour',
  'day',
  'week',
  'month',
  'quarter',
  'year',
  'solarDay',
] as const satisfies readonly ('all' | 'time' | 'solarDay' | CalendarUnit)[];
/** How rows at one place are grouped into chips: all rows, by their exact times, or by a calendar unit. */
export type ChipTimes = (typeof CHIP_TIMES)[number];

/** `GridPolicy`, except for policies that change the size of chips. */
export const EDGE_POLICIES = ['cover', 'centre', 'pad', 'drop'] as const satisfies readonly GridPolicy[];
/** How chips are placed at the edges of an area. */
export type EdgePolicy = (typeof EDGE_POLICIES)[number];

export const CHIP_SAMPLERS = ['grid', 'random', 'balanced'] as const;
/** Where training chips lie: on a regular `grid`, at `random` places, or on a grid with `balanced` classes. */
export type ChipSampler = (typeof CHIP_SAMPLERS)[number];

export const CHIP_FORMATS = ['geotiff', 'npy', 'zarr'] as const;
/** The files of training chips. */
export type ChipFormat = (typeof CHIP_FORMATS)[number];

export const EMBEDDING_POOLS = ['mean', 'max', 'none'] as const;
/** `mean` and `max` reduce over the tokens of a chip; `none` keeps every token. */
export type EmbeddingPool = (typeof EMBEDDING_POOLS)[number];

/** The precision of a model's weights and matrix products. */
export const PRECISIONS = ['fp32', 'fp16'] as const;
/** The type of the numbers in a model folder. */
export type ModelPrecision = (typeof PRECISIONS)[number];

export const TASKS = ['segmentation', 'change', 'multilabel', 'regression'] as const;
/** Tasks of models that map pixels. */
export type MapTask = (typeof TASKS)[number];

/** The name of a synthetic sample in reports. */
export const MADE_UP = 'made-up chips';

/** The quantity that is blended where chips overlap. */
export const BLENDS = ['probability', 'logits'] as const;

export const COVERAGES = ['centre', 'touched', 'fraction'] as const;
/**
 * How pixels are assigned to a zone: by their `centre`, also if its outline `touched` them, or by the `fraction` of their
 * area that lies in the zone.
 */
export type ZoneCoverage = (typeof COVERAGES)[number];

export const ZONAL_TIMES = [
  'date',
  'time',
  'hour',
  'week',
  'month',
  'quarter',
  'year',
  'solarDay',
] as const satisfies readonly ('date' | 'time' | 'solarDay' | CalendarUnit)[];
/** How rows of a catalog are grouped into dates of a table: by `date` in UTC, by exact `time`, or by a calendar unit. */
export type ZonalTimes = (typeof ZONAL_TIMES)[number];

/** The area over which clouds are counted. */
export const CLOUD_PLACES = ['area', 'tile'] as const;

export const POLYGON_FORMATS = ['geojson', 'fgb', 'parquet'] as const;
/** Formats of outlines of classes, by file extension: GeoJSON, FlatGeobuf or GeoParquet. */
export type PolygonFormat = (typeof POLYGON_FORMATS)[number];

/** How the grid of a package is placed. */
export const ANCHORS = ['fit', 'snap'] as const;

export const PACKAGE_FORMATS = ['cog', 'npy'] as const;
/** The files of a package: COGs with a scene file, or the notebooks' `.npy` arrays. */
export type PackageFormat = (typeof PACKAGE_FORMATS)[number];

export const COLOUR_MAP_NAMES = ['grey', 'viridis', 'rdbu'] as const;
/** A colour map, by name. */
export type ColourMapName = (typeof COLOUR_MAP_NAMES)[number];

export const LEGEND_NAMES = ['clc-plus', 'worldcover'] as const;
/** Names and colours of the classes of a land cover product. */
export type LegendName = (typeof LEGEND_NAMES)[number];

/** The suites of `terrachip bench`, in the order in which they run. */
export const BENCH_SUITES = ['kernels', 'io', 'model', 'scene', 'catalog'] as const;
/** A list of measurements. */
export type BenchSuite = (typeof BENCH_SUITES)[number];
