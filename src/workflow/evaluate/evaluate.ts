/** Evaluates a map: of classes, of classes that do not exclude each other, or of values. */
import { join } from 'node:path';
import { invalidInput, invalidOption } from '../../errors.js';
import { requireApart } from '../../io/node/inputs.js';
import { type OperationOptions, reportPlan } from '../../progress.js';
import { readMapFolder } from '../map-folder.js';
import { assessClasses } from './classes.js';
import type { LabelOptions } from './label.js';
import { assessLabels, type LabelMetrics } from './labels.js';
import type { Metrics } from './metrics.js';
import { assessValues, type ValueMetrics } from './regression.js';
import type { Statistics } from './statistics.js';

/** Options of `assessMap`. */
export interface AssessOptions extends OperationOptions, Partial<LabelOptions> {
  /** The folder of a map. */
  map: string;
  /**
   * For a map whose classes do not exclude each other: a label per class, by name. Polygons, or a raster with values above 0
   * in pixels of the class, and nodata where it is unknown. Alternatively, `label` is a raster with a band per class.
   */
  labels?: Readonly<Record<string, string>>;
  /**
   * The class that baselines and permanent water refer to. Default: the only class of water or flood that is not permanent
   * (`no_water` is none), else the second of two classes.
   */
  positiveClass?: string;
  /** Permanent water, as distinct from flood: polygons, or a raster with values above 0. */
  permanentWater?: string;
  /** Connected components smaller than this, in m², are assigned to the first class before the evaluation. */
  minArea?: number;
  /** Polygons for zonal statistics and scores. */
  zones?: string;
  /** The property that names a zone. */
  zoneName?: string;
  /** The CRS of polygon files that declare none. */
  sourceCrs?: string;
  /** Overrides the attribute encoding of shapefiles. */
  encoding?: string;
  /** The scene file, if the map's own has moved. */
  scene?: string;
}

/** Options of `evaluateMap`. */
export interface EvaluateMapOptions extends AssessOptions {
  label: string;
}

/** The result of `assessMap`. */
export interface Assessment {
  /** Null without a label, and for a regression. */
  metrics: Metrics | null;
  statistics: Statistics;
  /** Scores of the quantities of a regression; null without a label. */
  values?: ValueMetrics[] | null;
  /** Scores of classes that do not exclude each other; null without a label. */
  labels?: LabelMetrics[] | null;
}

export async function evaluateMap(options: EvaluateMapOptions): Promise<Metrics> {
  const { metrics, values, labels } = await assessMap(options);
  if (metrics !== null) return metrics;
  if (values) throw invalidInput(options.map, 'is a map of values, not of classes', 'call `assessMap`');
  if (labels) throw invalidInput(options.map, 'has several classes a pixel', 'call `assessMap`');
  throw invalidOption('label', 'is missing', 'name a raster or polygons');
}

export async function assessMap(options: AssessOptions): Promise<Assessment> {
  const { label, labels, permanentWater, zones, scene } = options;
  if (label !== undefined && labels !== undefined) {
    throw invalidOption('labels', 'has no meaning beside `label`', 'give one of them');
  }
  const folder = await readMapFolder(options.map);
  const { grid } = folder.plan;
  const beside = [label, ...Object.values(labels ?? {}), permanentWater, zones, scene].filter(
    (input) => input !== undefined,
  );
  reportPlan(options, 'evaluate', {
    reads: `${grid.width} × ${grid.height} pixels of ${[options.map, ...beside].join(', ')}`,
    writes: `statistics${beside.length > 0 ? ' and scores' : ''} to ${options.map}`,
  });
  await requireApart(
    ['statistics.json', 'metrics.json', 'zones.csv', 'quicklook.png'].map((file) => join(options.map, file)),
    beside,
  );
  if (folder.values.length > 0) return assessValues(folder, options);
  if (folder.multilabel) return assessLabels(folder, options);
  if (labels !== undefined) {
    throw invalidOption('labels', 'has no meaning for classes that exclude each other', 'give `label`');
  }
  return assessClasses(folder, options);
}
