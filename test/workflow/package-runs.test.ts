import { statSync, utimesSync } from 'node:fs';
import { cp, readdir, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { DEMO_PARAMETERS, simulateEvent, writeEvent } from '../../demo/event/index.js';
import type { AcquisitionDocument } from '../../src/workflow/acquisition.js';
import { type PackageOptions, packageManifest } from '../../src/workflow/index.js';
import { contents, temporaryFolder } from '../support/files.js';
import { onFullDisk, onSmallDisk } from '../support/full-disk.js';

const folder = await temporaryFolder();
const event = join(folder, 'event');
const whole = join(folder, 'whole');
let manifest = '';
let packages = 0;

/** Options of a small package in its own folder. */
const base = (): PackageOptions => ({
  manifest,
  output: join(folder, `package-${packages++}`),
  resolution: 30,
  backend: 'cpu',
  threads: 0,
});

/** Packages until a number of files are finished, and stops. @returns the warnings */
async function stopAfter(count: number, options: PackageOptions): Promise<string[]> {
  const stop = new AbortController();
  const warnings: string[] = [];
  const onProgress: PackageOptions['onProgress'] = (progress) => {
    if (progress.type === 'warning') warnings.push(progress.message);
    if (progress.type === 'progress' && progress.unit === 'units' && progress.done === count)
      stop.abort(new Error('stopped'));
  };
  await expect(packageManifest({ ...options, onProgress, signal: stop.signal })).rejects.toThrow('stopped');
  return warnings;
}

/** The folder of the only run of a package. */
async function runOf(output: string): Promise<string> {
  const runs = await readdir(`${output}.run`);
  expect(runs).toHaveLength(1);
  return join(`${output}.run`, runs[0]);
}

const finishedUnits = async (output: string): Promise<number> =>
  (await readdir(join(await runOf(output), 'done'))).length;

beforeAll(async () => {
  ({ manifest } = await writeEvent(simulateEvent(4, DEMO_PARAMETERS, { width: 150, height: 140 }), event));
  // Only radar and elevation: the 48 optical bands would take most of the time.
  const document: AcquisitionDocument = JSON.parse(await readFile(manifest, 'utf8'));
  delete document.assets.S2L2A;
  for (const phase of document.phase_order) delete document.selected[phase].S2L2A;
  await writeFile(manifest, JSON.stringify(document));
  await packageManifest({ ...base(), output: whole });
});

describe('a package', () => {
  it('is made by one of two runs that start together', async () => {
    const options = base();
    const ends = await Promise.allSettled([packageManifest(options), packageManifest(options)]);
    const refused = ends.filter((end) => end.status === 'rejected');
    expect(refused.map(({ reason }) => reason.code)).toEqual(['BUSY']);
    expect(await contents(options.output)).toEqual(await contents(whole));
  });
});

describe('a package on a full disk', () => {
  it('stops with status 75, and resumes to the same bytes', async () => {
    const options = base();
    let kept = 0;
    // First there is no room, then room for the first of several images of about 30 kB each.
    for (let room = 2_000; kept === 0; room += 20_000) {
      const making = onFullDisk(room, () => packageManifest({ ...options, resume: true }));
      await expect(making).rejects.toMatchObject({
        code: 'DISK',
        exitStatus: 75,
        message: expect.stringContaining('since the disk is full'),
      });
      expect(await readdir(folder, { recursive: true })).not.toContainEqual(expect.stringMatching(/\.tmp$/));
      kept = await finishedUnits(options.output);
    }
    await packageManifest({ ...options, resume: true });
    expect(await contents(options.output)).toEqual(await contents(whole));
  });

  it('is not started', async () => {
    const options = base();
    await expect(onSmallDisk(1000, () => packageManifest(options))).rejects.toMatchObject({
      code: 'DISK',
      exitStatus: 75,
      message: expect.stringMatching(/has 1000 bytes free, and about \d+ are needed/),
    });
    await expect(stat(options.output)).rejects.toThrow();
  });
});

describe('a package that was stopped', () => {
  it('resumes to the same bytes, and keeps finished files', async () => {
    const options = base();
    const warnings = await stopAfter(2, options);
    expect(warnings).toEqual([
      expect.stringMatching(/^2 of \d+ units are done .*; run it again with `resume`/),
    ]);
    expect(await readdir(folder)).not.toContain(options.output);
    const kept = join(await runOf(options.output), 'package', 'S1RTC-pre_month.tif');
    const { mtimeMs } = await stat(kept);
    const report = await packageManifest({ ...options, resume: true });
    expect((await stat(join(options.output, 'S1RTC-pre_month.tif'))).mtimeMs).toBe(mtimeMs);
    expect(report.finishedBefore).toBe(false);
    expect(await contents(options.output)).toEqual(await contents(whole));
    await expect(stat(`${options.output}.run`)).rejects.toThrow();
  });

  it('makes a damaged file again', async () => {
    const options = base();
    await stopAfter(2, options);
    const run = await runOf(options.output);
    const damaged = join(run, 'package', 'S1RTC-pre_event.tif');
    const bytes = await readFile(damaged);
    bytes[bytes.length - 9] ^= 1;
    await writeFile(damaged, bytes);
    await truncate(join(run, '0.mask'), 3);
    const warnings: string[] = [];
    const onProgress: PackageOptions['onProgress'] = (progress) => {
      if (progress.type === 'warning') warnings.push(progress.message);
    };
    await packageManifest({ ...options, resume: true, onProgress });
    expect(warnings).toEqual([
      expect.stringMatching(/^unit 0 is computed again: .*0\.mask has 3 bytes instead of/),
      `unit 1 is computed again: ${damaged} has changed since it was written`,
    ]);
    expect(await contents(options.output)).toEqual(await contents(whole));
  });

  it('asks what to do with finished files, and makes them again on request', async () => {
    const options = base();
    await stopAfter(1, options);
    await expect(packageManifest(options)).rejects.toThrow(
      /has 1 finished unit of \d+ of this plan; give `resume` to keep them, or `overwrite` to compute them again\.$/,
    );
    await packageManifest({ ...options, overwrite: true });
    expect(await contents(options.output)).toEqual(await contents(whole));
  });

  it('names differences when it resumes', async () => {
    const options = base();
    await stopAfter(1, options);
    await expect(packageManifest({ ...options, resolution: 31, resume: true })).rejects.toThrow(
      /has units that were made with other values of `resolution`, `grid`;/,
    );
    await expect(packageManifest({ ...options, format: 'npy', resume: true })).rejects.toThrow(
      /values of `format`;/,
    );
    const image = join(event, 's1-event-vh.tif');
    const { atimeMs, mtimeMs } = statSync(image);
    utimesSync(image, 1, 1);
    await expect(packageManifest({ ...options, resume: true })).rejects.toThrow(
      /has units that were made before [^,]*s1-event-vh\.tif changed;/,
    );
    utimesSync(image, atimeMs / 1000, mtimeMs / 1000);
    expect(await finishedUnits(options.output)).toBe(1);
  });

  it('as arrays resumes too', async () => {
    const [options, reference] = [
      { ...base(), format: 'npy' } as const,
      { ...base(), format: 'npy' } as const,
    ];
    await packageManifest(reference);
    await stopAfter(1, options);
    await packageManifest({ ...options, resume: true });
    expect(await contents(options.output)).toEqual(await contents(reference.output));
  });
});

describe('a second package', () => {
  it('leaves the first unchanged until all files are finished', async () => {
    const options = base();
    await cp(whole, options.output, { recursive: true });
    await writeFile(join(options.output, 'own.txt'), 'mine');
    await writeFile(join(options.output, 'DEM.tif.aux.xml'), '<PAMDataset/>');
    const before = await contents(options.output);
    const document: AcquisitionDocument = JSON.parse(await readFile(manifest, 'utf8'));
    const shorter = join(event, 'shorter.json');
    const phases = document.phase_order.slice(1);
    await writeFile(shorter, JSON.stringify({ ...document, phase_order: phases }));
    const second = { ...options, manifest: shorter };
    await stopAfter(3, second);
    expect(await contents(options.output)).toEqual(before);
    await packageManifest({ ...second, resume: true });
    const names = await readdir(options.output);
    expect(names).toContain('own.txt');
    // Documents of files that no longer exist are removed.
    expect(names).not.toContain('S1RTC-pre_month.tif');
    expect(names).not.toContain('DEM.tif.aux.xml');
    const scene = JSON.parse(await readFile(join(options.output, 'scene.json'), 'utf8'));
    expect(scene.phases).toEqual(phases);
  });

  it('that is the same is not made again with `resume`', async () => {
    const options = { ...base(), output: `${whole}/`, resume: true };
    const before = statSync(join(whole, 'scene.json'));
    const report = await packageManifest(options);
    expect(report).toMatchObject({ finishedBefore: true, format: 'cog', label: join(whole, 'label.tif') });
    expect(report.validShare).toBeGreaterThan(0);
    expect(statSync(join(whole, 'scene.json')).ino).toBe(before.ino);
    // A package that lost a file is made again.
    const damaged = base();
    await cp(whole, damaged.output, { recursive: true });
    await truncate(join(damaged.output, 'DEM.tif'), 10);
    expect((await packageManifest({ ...damaged, resume: true })).finishedBefore).toBe(false);
    expect(await contents(damaged.output)).toEqual(await contents(whole));
  });
});

it('a file that changes while it is packaged stops the package', async () => {
  const image = join(event, 's1-event-vh.tif');
  const { atimeMs, mtimeMs } = statSync(image);
  const onProgress: PackageOptions['onProgress'] = (progress) => {
    if (progress.type === 'progress' && progress.unit === 'units' && progress.done === 1)
      utimesSync(image, 1, 1);
  };
  const options = base();
  await expect(packageManifest({ ...options, onProgress })).rejects.toThrow(
    `${image} changed while it was being read; run again.`,
  );
  utimesSync(image, atimeMs / 1000, mtimeMs / 1000);
  await expect(stat(options.output)).rejects.toThrow();
});
