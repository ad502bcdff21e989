/** Options of the commands that map scenes. */
import { PROVIDER_CHOICES } from '../inference/node/provider-choice.js';
import { BLENDS, POLYGON_FORMATS } from '../workflow/choices.js';
import { parseArea, parseChoice, parseCount, parseNumber } from './arguments.js';
import { flag, list, option, withDefault } from './command.js';
import { BACKEND, BATCH_SIZE, maxPixels } from './shared-options.js';

export const MODEL = option(
  '--model <folder>',
  'a folder with model.json and model.onnx, or demo-flood, demo-water-s1 or water-threshold',
);

/** What changes the bytes of a map. */
export const PLAN_OPTIONS = {
  phases: list('--phases <names...>', "phases of the scene, in the order of the model's"),
  threshold: option(
    '--threshold <p>',
    'probability above which a pixel is of the second of two classes, or of each class of several labels',
    parseNumber,
  ),
  blend: option('--blend <what>', 'probability or logits', parseChoice(BLENDS)),
  minChipValid: option(
    '--min-chip-valid <share>',
    'leave out chips with a smaller share of valid pixels',
    parseNumber,
  ),
  batchSize: BATCH_SIZE,
  reusePhases: flag(
    '--no-phase-reuse',
    'encode equal phases each time, in models of two graphs; changes no bit',
  ),
  rowsPerUnit: option('--unit-rows <n>', 'rows a unit: a multiple of 256', parseCount()),
  maxPixels: maxPixels(),
};

/** Where it is computed, which is part of a plan too. */
export const EXECUTION_OPTIONS = {
  backend: BACKEND,
  provider: withDefault(
    'auto',
    option('--provider <name>', PROVIDER_CHOICES.join(', '), parseChoice(PROVIDER_CHOICES)),
  ),
};

/** What products are written. */
export const PRODUCT_OPTIONS = {
  polygons: flag('--no-polygons', 'write no outlines of the classes'),
  polygonFormat: option(
    '--polygon-format <name>',
    'of the outlines: geojson (default), fgb (FlatGeobuf) or parquet (GeoParquet)',
    parseChoice(POLYGON_FORMATS),
  ),
  minArea: option(
    '--min-area <area>',
    'leave out polygons below this: 5000 (m²), 5000m2, 0.5ha, 0.1km2',
    parseArea,
  ),
  simplify: option(
    '--simplify <pixels>',
    'leave out corners of polygons up to this far from the outline without them; neighbours keep a common border',
    parseNumber,
  ),
};
