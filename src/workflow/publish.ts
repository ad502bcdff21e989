/** Puts the products of a run into their folder together, so that no reader meets files of two runs. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { moveTo, writeError } from '../io/node/output.js';
import { removeTemporary, temporaryPath } from '../io/node/temporaries.js';
import { publishing } from './run-owner.js';

/**
 * Makes products in a folder of their own inside of `output`, and moves them to `output` when all are there. The file
 * `last` goes first and comes last: readers ask for it, so that they refuse a folder whose writer was killed in between.
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
    await mkdir(stage).catch((cause: unknown) => {
      throw writeError(stage, cause);
    });
    const result = await make(stage);
    await publishing(output, async () => {
      const first = result.files.filter((name) => name !== last);
      await rm(join(output, last), { force: true });
      for (const name of outdated) {
        if (!result.files.includes(name)) await rm(join(output, name), { force: true });
      }
      for (const name of [...first, last]) await moveTo(join(stage, name), join(output, name));
    });
    return result;
  } finally {
    await removeTemporary(stage);
  }
}
