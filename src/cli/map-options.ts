/** Options of the commands that map scenes. */
import { PROVIDER_CHOICES } from '../inference/node/provider-choice.js';
import { BLENDS, POLYGON_FORMATS } from '../workflow/choices.js';
import { parseArea, parseChoice, parseCount, parseNumber } from './arguments.js';
import { flag, list, option, withDefault } from './command.js';
import { BACKEND, BATCH_SIZE, maxPixels } from './shared-options.js';

export const MODEL = option(
  '--model <folder>',
  'folder with model.json and model.onnx, or demo-flood, demo-water-s1 or water-threshold',
);

export const MAP_OUTPUT = option(
  '-o, --output <folder>',
  'folder of the products; with several scenes, each gets a subfolder',
);

/** Options that change the bytes of a map. */
export const PLAN_OPTIONS = {
  phases: list('--phases <names...>', "phases of the scene, in the order of the model's phases"),
  threshold: option(
    '--threshold <p>',
    'probability above which a pixel has the second of two classes, or each class of a multi-label model',
    parseNumber,
  ),
  blend: option('--blend <what>', 'blend overlapping chips by probability or logits', parseChoice(BLENDS)),
  minChipValid: option(
    '--min-chip-valid <share>',
    'leave out chips with a smaller share of valid pixels',
    parseNumber,
  ),
  batchSize: BATCH_SIZE,
  reusePhases: flag(
    '--no-phase-reuse',
    'encode equal phases again each time, in models of two graphs (same result)',
  ),
  rowsPerUnit: option('--unit-rows <n>', 'rows per unit, a multiple of 256', parseCount()),
  maxPixels: maxPixels(),
};

/** The backend and the execution provider, which are part of a plan too. */
export const EXECUTION_OPTIONS = {
  backend: BACKEND,
  provider: withDefault(
    'auto',
    option(
      '--provider <name>',
      `execution provider of the model: ${PROVIDER_CHOICES.join(', ')}`,
      parseChoice(PROVIDER_CHOICES),
    ),
  ),
};

/** The products to write. */
export const PRODUCT_OPTIONS = {
  polygons: flag('--no-polygons', 'do not write polygons of the classes'),
  polygonFormat: option(
    '--polygon-format <name>',
    'format of the polygons: geojson (default), fgb (FlatGeobuf) or parquet (GeoParquet)',
    parseChoice(POLYGON_FORMATS),
  ),
  minArea: option(
    '--min-area <area>',
    'leave out polygons smaller than this: 5000 (m²), 5000m2, 0.5ha, 0.1km2',
    parseArea,
  ),
  simplify: option(
    '--simplify <pixels>',
    'tolerance for simplifying polygons, in pixels; neighbours keep their common border',
    parseNumber,
  ),
};
