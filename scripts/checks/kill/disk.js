// A full disk: a small tmpfs that is enlarged after the job has failed.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, run } from '../programs.js';
import { filesIn, finish, hashesOf, temporariesIn } from './processes.js';

const ROOM = '256m';

/** Runs each job on disks of growing size, until it ends. Mounting needs root. */
export async function checkFullDisk(report, { jobs }, folder) {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  const mounted = await attempt('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'terrachip', disk]);
  if (mounted.status !== 0) {
    report.skip('a full disk', `no tmpfs can be mounted here (${mounted.stderr.trim()})`);
    return;
  }
  try {
    const resize = (size) => run('mount', ['-o', `remount,size=${size}`, disk]);
    for (const job of Object.values(jobs)) {
      const output = join(disk, 'output');
      await resize(ROOM);
      job.clear(output);
      // Room for the existing files, and for a part of the output.
      const used = filesIn(disk).length === 0 ? 0 : await usedBytes(disk);
      const written = await bytesOf(job.reference, folder, job.name);
      let failures = 0;
      for (const share of [0, 0.3, 0.7]) {
        await resize(`${Math.ceil((used + share * written) / 1024) + 8}k`);
        const { status, output: text } = await finish(failures === 0 ? job.begin(output) : job.goOn(output));
        // The last disk may have room for everything.
        if (status === 0) break;
        failures++;
        report.same(`${job.name} on a full disk`, status, 75);
        // The disk is full, or known in advance to be too small.
        report.check(`${job.name} names the disk`, /disk is full|free some space/.test(text), text);
        report.same(`${job.name} leaves no temporary files`, temporariesIn(disk), []);
        report.check(`${job.name} publishes nothing`, !(await isPublished(output)), String(filesIn(output)));
      }
      report.check(`${job.name} met a full disk`, failures > 0);
      await resize(ROOM);
      const { status, output: text } = await finish(job.goOn(output));
      report.check(`${job.name} resumes with room`, status === 0, text);
      report.same(`${job.name} after a full disk`, hashesOf(output), job.reference);
      for (const name of readdirSync(disk)) await run('rm', ['-r', join(disk, name)]);
    }
  } finally {
    await run('umount', [disk]);
  }
}

async function usedBytes(disk) {
  return 1024 * Number((await run('df', ['--output=used', disk])).trim().split('\n').at(-1));
}

/** Bytes of a job's result. */
async function bytesOf(reference, folder, name) {
  const size = await run('du', ['-sk', '--apparent-size', join(folder, `reference-${name}`)]);
  return Object.keys(reference).length === 0 ? 0 : 1024 * Number(size.split('\t')[0]);
}

/** Whether readers consider an output finished. */
async function isPublished(output) {
  return filesIn(output).some((path) => /\/(?:run|scene|zarr)\.json$/.test(path));
}
