/** Refuses outputs that are one of the inputs, before anything is opened for writing. */
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { invalidInput } from '../../errors.js';
import { isUrl } from '../open-url.js';
import { isS3, s3Address, s3Place } from '../s3/address.js';
import { rasterSidecars } from './beside.js';
import { localPath } from './file.js';
import { type OutputFormat, requireEnding, requireWritable } from './output.js';

/** The most entries that are checked in an input that is a folder, such as a model. */
const MAX_ENTRIES = 10_000;

/**
 * Checks outputs against inputs: none may be the same file, by whatever path or link.
 * @param outputs files that will be written; what lies beside a raster that is replaced counts too, since it is removed
 * @param inputs files that are read, or folders of such; URLs and what does not exist are left out. What follows `#` in a
 * path is a part of the file before it
 * @throws {TerrachipError} INVALID_INPUT for an output that is an input
 */
export async function requireApart(outputs: readonly string[], inputs: readonly string[]): Promise<void> {
  const written = new Map<string, string>();
  const objects = new Set(inputs.filter(isS3).map((input) => s3Address(s3Place(input))));
  for (const output of outputs) {
    if (isS3(output) && objects.has(s3Address(s3Place(output)))) {
      throw invalidInput(output, 'is also an input and would be destroyed', 'choose another output');
    }
    const removed = /\.(tiff?|png)$/i.test(output) ? await rasterSidecars(output) : [];
    for (const file of [output, ...removed]) {
      const id = await identityOf(file);
      if (id !== null) written.set(id, file);
    }
  }
  if (written.size === 0) return;
  for (const input of inputs) {
    for await (const file of filesOf(input)) {
      const output = written.get((await identityOf(file)) ?? '');
      if (output === undefined) continue;
      throw invalidInput(
        output,
        `is also an input${file === output ? '' : ` (as ${file})`} and would be destroyed`,
        'choose another output',
      );
    }
  }
}

export interface OutputChecks {
  /** The allowed formats of the output. */
  readonly formats: readonly OutputFormat[];
  /** The inputs. */
  readonly inputs: readonly string[];
}

/**
 * Checks before any work that a file can be written: its ending, its folder, and that it is none of the inputs.
 * @throws {TerrachipError} INVALID_INPUT for another format's ending or an output that is an input; DISK
 */
export async function requireOutput(path: string, { formats, inputs }: OutputChecks): Promise<void> {
  requireEnding(path, ...formats);
  await requireWritable(path);
  await requireApart([path], inputs);
}

/** One name for all paths and links of a file; null where there is none. */
async function identityOf(path: string): Promise<string | null> {
  const found = await stat(path, { bigint: true }).catch(() => null);
  return found === null || found.isDirectory() ? null : `${found.dev}:${found.ino}`;
}

/** The files of an input: itself, or those of a folder. */
async function* filesOf(input: string): AsyncGenerator<string> {
  if (isUrl(input)) return;
  const path = localPath(input);
  const at = path.lastIndexOf('#');
  for (const place of at < 0 ? [path] : [path, path.slice(0, at)]) {
    const found = await stat(place).catch(() => null);
    if (found === null) continue;
    if (!found.isDirectory()) yield place;
    else {
      let entries = 0;
      for await (const { name } of await opendir(place)) {
        if (++entries > MAX_ENTRIES) return;
        yield join(place, name);
      }
    }
    return;
  }
}
