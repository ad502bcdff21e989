/** A made-up flood, from its files to a package, and to maps: from the package, and from the files in one pass. */
import { join } from 'node:path';
import { bundledModel } from '../../inference/node/index.js';
import { writeJson } from '../../io/node/output.js';
import { mapValues } from '../../json.js';
import { assetHref, bandName, readAcquisition, STATIC_MODALITY } from '../acquisition.js';
import { writeMadeUpEvent } from '../demo.js';
import { infer } from '../infer.js';
import { packageManifest } from '../package.js';
import { readScene, resolveHref, type SceneBands, type SceneDocument } from '../scene.js';
import type { BenchCase, BenchContext } from './suite.js';

/** The seed and the least size of the event. */
const SEED = 7;
const SIZE = [1500, 1200] as const;
const QUICK_SIZE = [160, 160] as const;

export async function* sceneSuite({
  backend: { info },
  provider,
  threads,
  quick,
  folder,
  signal,
}: BenchContext): AsyncGenerator<BenchCase, void> {
  const common = { backend: info.kind, threads, signal };
  const event = join(folder, 'event');
  const { manifest } = await writeMadeUpEvent(SEED, quick ? QUICK_SIZE : SIZE, event, { signal });
  const output = join(folder, 'package');
  const work = { amount: 0, unit: 'Mpixel' };
  yield {
    name: 'package',
    unit: work.unit,
    // The size of the grid is known once the event is packaged.
    get amount() {
      return work.amount;
    },
    async run() {
      const { grid } = await packageManifest({ manifest, output, ...common });
      work.amount = (grid.width * grid.height) / 1e6;
    },
  };
  const files = join(folder, 'scene.json');
  await writeJson(files, await sceneOfFiles(manifest, output));
  const model = bundledModel('demo-flood');
  for (const [name, scene] of [
    ['infer from the package', output],
    ['infer from the files in one pass', files],
  ]) {
    let seconds: Readonly<Record<string, number>> = {};
    yield {
      name,
      ...work,
      async run() {
        const report = await infer({ scene, model, output: join(folder, 'map'), provider, ...common });
        seconds = report.run.seconds;
      },
      parts: () => Object.fromEntries(Object.entries(seconds).filter(([stage]) => stage !== 'total')),
    };
  }
}

/** The scene of a manifest's files on the grid of its package. A scene has no mosaics: the elevation is the package's. */
async function sceneOfFiles(path: string, packaged: string): Promise<SceneDocument> {
  const manifest = await readAcquisition(path);
  const { assets, selected, phase_order, units } = manifest.document;
  const scene = await readScene(packaged);
  const elevation = scene.document.inputs[STATIC_MODALITY];
  const absolute = (bands: SceneBands): SceneBands =>
    mapValues(bands, (band) => ({ ...band, href: resolveHref(scene, band.href) }));
  const image = (modality: string, phase: string): SceneBands =>
    Object.fromEntries(
      assets[modality].map((key) => [
        bandName(key),
        { href: assetHref(manifest, selected[phase][modality][0], key), band: 1 },
      ]),
    );
  const temporal = Object.keys(assets).filter((modality) => modality !== STATIC_MODALITY);
  return {
    ...scene.document,
    inputs: {
      ...Object.fromEntries(
        temporal.map((modality) => [
          modality,
          {
            units: units[modality],
            resampling: 'bilinear' as const,
            phases: Object.fromEntries(phase_order.map((phase) => [phase, image(modality, phase)])),
          },
        ]),
      ),
      [STATIC_MODALITY]: { ...elevation, static: absolute(elevation.static ?? {}) },
    },
  };
}
