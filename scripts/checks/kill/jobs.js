// The four jobs that are stopped: package, infer, embed and finalize, on small synthetic scenes.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, TERRACHIP } from '../programs.js';
import { makeRadarScene } from '../radar-scene.js';
import { root } from '../support.js';
import { writeEncoder } from '../zarr/encoder.js';
import { copyFolder, finish, hashesOf, interrupt } from './processes.js';

const CPU = ['--backend', 'cpu', '--threads', '0'];

/** Pixels of the synthetic images. */
const SIZE = { width: 128, height: 440 };

/** Side of a pixel in metres: the map has five units of 256 rows. */
const MAP_RESOLUTION = 4;

/** Makes scenes and models in a folder, and the undisturbed results of all jobs. */
export async function makeJobs(folder) {
  const event = join(folder, 'event');
  mkdirSync(event);
  const { scene } = await makeRadarScene(event, SIZE);
  const document = JSON.parse(readFileSync(scene, 'utf8'));
  const embedded = join(event, 'embedded.json');
  writeFileSync(embedded, JSON.stringify({ ...document, datetime: '2021-07-15T05:50:12Z' }));
  writeFileSync(
    scene,
    JSON.stringify({ ...document, grid: { ...document.grid, resolution: MAP_RESOLUTION } }),
  );
  const [checkpoint, encoder] = [join(folder, 'encoder.safetensors'), join(folder, 'encoder')];
  writeEncoder(checkpoint);
  await run(process.execPath, [TERRACHIP, 'model', 'import', checkpoint, '-o', encoder, '--chip', '32']);
  const model = join(folder, 'model');
  copyFolder(join(root, 'models', 'water-threshold'), model);

  const infer = (output, ...options) => [
    ...['infer', scene, '--model', model, '-o', output, '--unit-rows', '256', '--provider', 'cpu'],
    ...[...CPU, ...options],
  ];
  const packaged = (output, side) => [
    ...['package', join(event, 'manifest.json'), '-o', output, '--res', side, ...CPU],
  ];
  // `last` is the file that readers open; `other` makes another result with the same file names.
  const jobs = {
    package: {
      begin: (output) => packaged(output, '15'),
      last: 'scene.json',
      other: (output) => packaged(output, '20'),
    },
    infer: { begin: infer, last: 'run.json', other: (output) => infer(output, '--threshold', '0.9') },
    embed: {
      begin: (output) => [
        ...['embed', embedded, '--model', encoder, '-o', output, '--phases', 'event'],
        ...['--unit-chips', '16', '--batch', '2', '--provider', 'cpu', ...CPU],
      ],
      last: 'zarr.json',
    },
    finalize: {
      begin: (output) => ['finalize', output, '-o', output],
      prepare: (output) => copyFolder(join(folder, 'units.run'), `${output}.run`),
      last: 'run.json',
      other: (output) => infer(output, '--threshold', '0.9'),
      keepsUnits: true,
    },
  };
  const units = join(folder, 'units');
  for (const shard of ['0/2', '1/2']) await complete(infer(units, '--shard', shard));
  for (const [name, job] of Object.entries(jobs)) {
    job.name = name;
    job.goOn = (output) => [...job.begin(output), ...(name === 'finalize' ? [] : ['--resume'])];
    job.clear = (output) => {
      for (const path of [output, `${output}.run`]) rmSync(path, { recursive: true, force: true });
      job.prepare?.(output);
    };
    const reference = join(folder, `reference-${name}`);
    job.clear(reference);
    const { status, output, used } = await interrupt(job.begin(reference), Infinity);
    if (status !== 0) throw new Error(`${name} ended with ${status}\n${output}`);
    job.seconds = used;
    job.reference = hashesOf(reference);
    console.log(`${name}: ${Object.keys(job.reference).length} files by ${used} processor seconds`);
    if (job.other === undefined) continue;
    const earlier = join(folder, `earlier-${name}`);
    await complete(job.other(earlier));
    job.earlier = { folder: earlier, hashes: hashesOf(earlier) };
  }
  return { jobs, infer, scene, model, event };
}

/** Runs terrachip to its end. @throws with its output if it fails */
export async function complete(args) {
  const { status, output } = await finish(args);
  if (status !== 0) throw new Error(`terrachip ${args.join(' ')} ended with ${status}\n${output}`);
  return output;
}
