// The four jobs that are stopped: package, infer, embed and finalize, on small made-up scenes.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, TERRACHIP } from '../programs.js';
import { makeRadarScene } from '../radar-scene.js';
import { root } from '../support.js';
import { writeEncoder } from '../zarr/encoder.js';
import { copyFolder, finish, hashesOf } from './processes.js';

const CPU = ['--backend', 'cpu', '--threads', '0'];

/** Side of a pixel in metres: the map has five units of 256 rows. */
const MAP_RESOLUTION = 4;

/** Makes scenes and models in a folder, and the results of all jobs when nothing stops them. */
export async function makeJobs(folder) {
  const event = join(folder, 'event');
  mkdirSync(event);
  const { scene } = await makeRadarScene(event);
  const document = JSON.parse(readFileSync(scene, 'utf8'));
  const embedded = join(event, 'embedded.json');
  writeFileSync(embedded, JSON.stringify({ ...document, datetime: '2021-07-15T05:50:12Z' }));
  writeFileSync(
    scene,
    JSON.stringify({ ...document, grid: { ...document.grid, resolution: MAP_RESOLUTION } }),
  );
  const [checkpoint, encoder] = [join(folder, 'encoder.safetensors'), join(folder, 'encoder')];
  writeEncoder(checkpoint);
  await run(process.execPath, [TERRACHIP, 'model', 'import', checkpoint, '-o', encoder, '--chip', '64']);
  const model = join(folder, 'model');
  copyFolder(join(root, 'models', 'water-threshold'), model);

  const infer = (output, ...options) => [
    ...['infer', scene, '--model', model, '-o', output, '--unit-rows', '256', '--provider', 'cpu'],
    ...[...CPU, ...options],
  ];
  const jobs = {
    package: {
      begin: (output) => ['package', join(event, 'manifest.json'), '-o', output, '--res', '15', ...CPU],
    },
    infer: { begin: infer },
    embed: {
      begin: (output) => [
        ...['embed', embedded, '--model', encoder, '-o', output, '--phases', 'event'],
        ...['--unit-chips', '16', '--batch', '2', '--provider', 'cpu', ...CPU],
      ],
    },
    finalize: {
      begin: (output) => ['finalize', output, '-o', output],
      prepare: (output) => copyFolder(join(folder, 'units.run'), `${output}.run`),
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
    const before = Date.now();
    await complete(job.begin(reference));
    job.milliseconds = Date.now() - before;
    job.reference = hashesOf(reference);
    console.log(`${name}: ${Object.keys(job.reference).length} files in ${job.milliseconds} ms`);
  }
  return { jobs, infer, scene, model, event };
}

/** Runs terrachip to its end. @throws with its output if it fails */
export async function complete(args) {
  const { status, output } = await finish(args);
  if (status !== 0) throw new Error(`terrachip ${args.join(' ')} ended with ${status}\n${output}`);
  return output;
}
