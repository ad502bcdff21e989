/** `terrachip demo`: the whole workflow on a synthetic flood event. */
import { join } from 'node:path';
import { invalidOption } from '../errors.js';
import type { BackendChoice } from '../gpu/node/index.js';
import { bundledModel } from '../inference/node/index.js';
import { requireRuntime } from '../inference/node/onnx-runtime.js';
import { type OperationOptions, reportPlan } from '../progress.js';
import { evaluateMap } from './evaluate/evaluate.js';
import type { Metrics } from './evaluate/metrics.js';
import { type InferReport, infer } from './infer.js';
import { type PackageReport, packageManifest } from './package.js';
import { drawRaster } from './picture/raster-picture.js';

/** Size, seed and output folder of the demo's event. */
export interface DemoOptions extends OperationOptions {
  /** Folder for the event, the package and the map (default `terrachip-demo`). */
  output?: string;
  /** Seed of the event (default 7). */
  seed?: number;
  /** Minimum width and height of the map in pixels of 10 m (default 1500 × 1200). */
  size?: readonly [number, number];
  backend?: BackendChoice;
}

/** Files and results of the demo. */
export interface DemoReport {
  manifest: string;
  package: PackageReport;
  map: string;
  /** Pictures of the map, and of the radar and optical images at the event. */
  quicklook: string;
  radar: string;
  optical: string;
  inference: InferReport;
  metrics: Metrics;
}

/** The generator of events. It is built from the folder `demo`; the library does not depend on it. */
interface EventGenerator {
  writeDemoEvent(
    seed: number,
    size: readonly [number, number],
    folder: string,
    options: OperationOptions,
  ): Promise<{ manifest: string; flood: string }>;
}

const GENERATOR = '../demo/event/index.js';

/** Simulates the event of a seed on a map of at least a width and height in pixels, and writes its files. */
export async function writeMadeUpEvent(
  ...parameters: Parameters<EventGenerator['writeDemoEvent']>
): ReturnType<EventGenerator['writeDemoEvent']> {
  const generator: EventGenerator = await import(/* webpackIgnore: true */ GENERATOR);
  return generator.writeDemoEvent(...parameters);
}

const SIZE = [1500, 1200] as const;

/** Smallest side that holds a river and its valley, and the largest that fits into memory. */
const SIDES = [128, 6000] as const;

export async function runDemo(options: DemoOptions = {}): Promise<DemoReport> {
  const { output = 'terrachip-demo', seed = 7, size = SIZE, signal, onProgress } = options;
  const backend = options.backend ?? 'auto';
  if (!size.every((side) => Number.isInteger(side) && side >= SIDES[0] && side <= SIDES[1])) {
    const remedy = `give a width and a height from ${SIDES[0]} to ${SIDES[1]} pixels`;
    throw invalidOption('size', `cannot be ${size.join(' ')}`, remedy);
  }
  await requireRuntime();
  const common = { signal, onProgress };
  reportPlan(options, 'demo', {
    reads: 'nothing; its event is made up',
    writes: `an event of at least ${size[0]} × ${size[1]} pixels, its package, map and pictures to ${output}`,
  });
  onProgress?.({ type: 'stage', stage: 'event' });
  const files = await writeMadeUpEvent(seed, size, join(output, 'event'), common);
  const folder = join(output, 'package');
  const packaged = await packageManifest({ manifest: files.manifest, output: folder, backend, ...common });
  const map = join(output, 'map');
  const inference = await infer({
    scene: packaged.scene,
    model: bundledModel('demo-flood'),
    output: map,
    backend,
    ...common,
  });
  const metrics = await evaluateMap({ map, label: files.flood, ...common });
  const [radar, optical] = [join(output, 'radar.png'), join(output, 'optical.png')];
  await drawRaster(join(folder, 'S1RTC-event.tif'), radar, { bands: [1], title: 'Radar, VV, at the event' });
  await drawRaster(join(folder, 'S2L2A-event.tif'), optical, {
    bands: [4, 3, 2],
    title: 'Optical, true colour, at the event',
  });
  return {
    manifest: files.manifest,
    package: packaged,
    map,
    quicklook: join(map, 'quicklook.png'),
    radar,
    optical,
    inference,
    metrics,
  };
}
