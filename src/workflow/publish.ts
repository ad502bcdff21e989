/** Puts the products of a run into their folder together, so that no reader meets files of two runs. */
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { rasterSidecars } from '../io/node/beside.js';
import { makeFolder, moveTo } from '../io/node/output.js';
import { removeTemporary, temporaryPath } from '../io/node/temporaries.js';
import { publishing } from './run-owner.js';

/**
 * Makes products in a folder of their own inside of `output`, and moves them to `output` when all are there.
 * @param last as for `replaceFiles`
 * @param make writes the files into a folder
 * @param outdated files that describe an earlier result, and are removed with it
 * @returns what `make` returned: `files` are the names of all files to move
 * @throws {TerrachipError} DISK; BUSY if another process is writing the same products
 */
export async function publishTogether<Result extends { readonly files: readonly string[] }>(
  output: string,
  last: string,
  outdated: readonly string[],
  make: (stage: string) => Promise<Result>,
): Promise<Result> {
  const stage = temporaryPath(join(output, 'products'));
  try {
    await makeFolder(stage);
    const result = await make(stage);
    await replaceFiles(stage, output, last, outdated, result.files);
    return result;
  } finally {
    await removeTemporary(stage);
  }
}

/**
 * Moves files from one folder to another, in which they replace earlier ones. The file `last` is removed first and
 * moved last: readers require it, so that they reject a folder whose writer was killed in between.
 * @param outdated files that describe an earlier result, and are removed with it
 * @param files their paths in the folders, with `last`
 * @throws {TerrachipError} DISK; BUSY if another process is writing the same products
 */
export async function replaceFiles(
  from: string,
  to: string,
  last: string,
  outdated: readonly string[],
  files: readonly string[],
): Promise<void> {
  await publishing(to, async () => {
    await rm(join(to, last), { force: true });
    for (const name of outdated) if (!files.includes(name)) await rm(join(to, name), { force: true });
    for (const name of [...files.filter((each) => each !== last), last]) {
      const path = join(to, name);
      if (dirname(name) !== '.') await makeFolder(dirname(path));
      await moveTo(join(from, name), path);
      for (const sidecar of /\.tif$/.test(name) ? await rasterSidecars(path) : []) {
        // Other programs wrote these for the earlier raster.
        if (!files.includes(join(dirname(name), basename(sidecar)))) await rm(sidecar, { force: true });
      }
    }
  });
}
