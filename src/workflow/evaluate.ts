/** A map against a label. */
import { join } from 'node:path';
import { invalidInput } from '../errors.js';
import { type GeoBox, PixelAreas } from '../geo/index.js';
import { CpuBackend } from '../gpu/index.js';
import { readJson, writeJson } from '../io/node/index.js';
import type { OperationOptions } from '../progress.js';
import { noReference, openRaster, type Raster, WarpedRaster } from '../raster/index.js';
import { CLASS_NODATA } from './classes.js';
import { describeConfusion, METRICS_SCHEMA_VERSION, type Metrics } from './metrics.js';

export interface EvaluateOptions extends OperationOptions {
  /** The folder of a map. */
  map: string;
  /** A raster of class values; its declared nodata, or −1, is ignored. */
  label: string;
  /** Its band (default 1). */
  band?: number;
}

/** Without a declared nodata value, labels use this for "unknown". */
const LABEL_IGNORE = -1;

const ROWS = 512;

/** Compares a map with a label on the map's grid, each pixel once, and writes `metrics.json` into the map's folder. */
export async function evaluateMap(options: EvaluateOptions): Promise<Metrics> {
  const { signal, onProgress } = options;
  const classes = await readClasses(options.map);
  const open = signal === undefined ? {} : { signal };
  const map = await openRaster(join(options.map, 'classes.tif'), open);
  try {
    const label = await openRaster(options.label, open);
    try {
      const metrics = await compare(map, label, classes, options);
      await writeJson(join(options.map, 'metrics.json'), metrics);
      onProgress?.({ type: 'stage', stage: 'metrics' });
      return metrics;
    } finally {
      await label.close();
    }
  } finally {
    await map.close();
  }
}

/** Names of the classes, by value, from the map's item. */
async function readClasses(folder: string): Promise<string[]> {
  const path = join(folder, 'item.json');
  const item = await readJson(path);
  const classes = (item as { assets?: { classes?: { 'terrachip:classes'?: { name?: unknown }[] } } }).assets
    ?.classes?.['terrachip:classes'];
  if (!Array.isArray(classes) || !classes.every(({ name }) => typeof name === 'string')) {
    throw invalidInput(path, 'does not describe a map', 'give the folder that infer wrote');
  }
  return classes.map(({ name }) => String(name));
}

async function compare(
  map: Raster,
  label: Raster,
  classes: readonly string[],
  options: EvaluateOptions,
): Promise<Metrics> {
  if (map.geobox === null) throw noReference(map);
  const geobox: GeoBox = map.geobox;
  const band = options.band ?? 1;
  const backend = new CpuBackend();
  const warped = new WarpedRaster(backend, label, {
    geobox,
    resampling: 'nearest',
    bands: [band],
    unscale: false,
  });
  const declared = label.bands[band - 1].nodata !== null;
  const count = classes.length;
  const confusion = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  const excluded = { mapInvalid: 0, labelUnknown: 0, otherClass: 0 };
  const areas = new PixelAreas(geobox);
  const area = { map: new Array<number>(count).fill(0), label: new Array<number>(count).fill(0) };
  const plane = backend.allocate([Math.min(ROWS, geobox.height), geobox.width], 'float32');
  for (let start = 0; start < geobox.height; start += ROWS) {
    options.signal?.throwIfAborted();
    const end = Math.min(geobox.height, start + ROWS);
    await warped.readRows({ start, end }, [plane], start, options.signal);
    const labels = await backend.download(plane);
    const window = { x: 0, y: start, width: geobox.width, height: end - start };
    const [mapped] = await map.readPlanes({ window, bands: [1] });
    for (let i = 0; i < mapped.length; i++) {
      const predicted = mapped[i];
      const truth = labels[i];
      if (predicted === CLASS_NODATA) excluded.mapInvalid++;
      else if (Number.isNaN(truth) || (!declared && truth === LABEL_IGNORE)) excluded.labelUnknown++;
      else if (!Number.isInteger(truth) || truth < 0 || truth >= count) excluded.otherClass++;
      else {
        confusion[truth][predicted]++;
        const pixel = areas.at(i % geobox.width, start + Math.floor(i / geobox.width)) / 1e6;
        area.map[predicted] += pixel;
        area.label[truth] += pixel;
      }
    }
    options.onProgress?.({
      type: 'progress',
      stage: 'evaluate',
      done: end,
      total: geobox.height,
      unit: 'rows',
    });
  }
  plane.dispose();
  backend.dispose();
  return {
    schemaVersion: METRICS_SCHEMA_VERSION,
    label: label.name,
    ...describeConfusion(classes, confusion, excluded, area),
  };
}
