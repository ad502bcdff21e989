/** `terrachip demo`: a whole job on a scene that it makes itself. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BackendChoice } from '../../gpu/node/index.js';
import type { OperationOptions } from '../../progress.js';
import { evaluateMap, type Metrics } from '../evaluate/index.js';
import { type InferReport, infer } from '../infer.js';
import { drawRaster } from '../picture/index.js';
import { writeSarScene } from './sar-scene.js';

export interface DemoOptions extends OperationOptions {
  /** Folder for the scene and the map (default `terrachip-demo`). */
  output?: string;
  seed?: number;
  backend?: BackendChoice;
}

export interface DemoReport {
  scene: string;
  map: string;
  quicklook: string;
  radar: string;
  inference: InferReport;
  metrics: Metrics;
}

/** The folder of a model that comes with the package. */
export function bundledModel(name: string): string {
  return fileURLToPath(new URL(`../../../models/${name}`, import.meta.url));
}

export async function runDemo(options: DemoOptions = {}): Promise<DemoReport> {
  const { output = 'terrachip-demo', seed = 7, signal, onProgress } = options;
  const common = {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  onProgress?.({ type: 'stage', stage: 'scene' });
  const files = await writeSarScene(join(output, 'scene'), seed);
  const map = join(output, 'map');
  const inference = await infer({
    scene: files.scene,
    model: bundledModel('water-threshold'),
    output: map,
    backend: options.backend ?? 'auto',
    ...common,
  });
  const metrics = await evaluateMap({ map, label: files.label, ...common });
  const radar = join(output, 'radar.png');
  await drawRaster(join(output, 'scene', 's1-event.tif'), radar, {
    bands: [1],
    title: 'VV, event',
  });
  return { scene: files.scene, map, quicklook: join(map, 'quicklook.png'), radar, inference, metrics };
}
