/** Files copied between disks, web servers and object stores, and lists of what is in these. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { invalidInput, tooLarge } from '../errors.js';
import { publicUrl } from '../io/http-errors.js';
import type { OpenOptions } from '../io/index.js';
import { requireSpace } from '../io/node/disk-space.js';
import { localPath, openSource } from '../io/node/file.js';
import { requireApart } from '../io/node/inputs.js';
import { requireWritable, writeAtomically, writeFully } from '../io/node/output.js';
import { isUrl, pathOf } from '../io/open-url.js';
import { isS3, s3Address, s3Place } from '../io/s3/address.js';
import { listObjects, type StoredObject, uploadObject } from '../io/s3/objects.js';
import { type OperationOptions, reportPlan, reportProgress } from '../progress.js';

/** The source and the destination of a copy. */
export interface CopyOptions extends OperationOptions, OpenOptions {
  /** A path or an address. */
  source: string;
  /** A path, a folder, or `s3://bucket/key`; with a slash at its end the name of the source is added. */
  destination: string;
}

/** What was copied, without credentials. */
export interface CopyReport {
  readonly source: string;
  readonly destination: string;
  readonly bytes: number;
}

/** Bytes that are read at a time. */
const PIECE = 8 * 2 ** 20;

/**
 * Copies a file. The destination appears only when the copy is complete.
 * @throws {TerrachipError} INVALID_INPUT for a destination that cannot be written; NOT_FOUND, NETWORK or DISK
 */
export async function copyFile(options: CopyOptions): Promise<CopyReport> {
  const { source: from, signal } = options;
  const source = await openSource(from, options);
  try {
    const to = await destinationOf(options.destination, from);
    const report = (done: number): void => reportProgress(options, 'copy', done, source.size, 'bytes');
    const read = (offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> =>
      source.read(offset, length, { signal });
    const disk = isS3(to) ? null : await requireSpace(dirname(to), source.size);
    reportPlan(options, 'copy', { reads: `${source.size} bytes of ${source.name}`, writes: to, disk });
    if (isS3(to)) await uploadObject(to, { size: source.size, read }, { ...options, onBytes: report });
    else await writeCopy(to, from, source.size, read, report);
    return { source: source.name, destination: isS3(to) ? publicUrl(to) : to, bytes: source.size };
  } finally {
    await source.dispose();
  }
}

async function writeCopy(
  path: string,
  from: string,
  size: number,
  read: (offset: number, length: number) => Promise<Uint8Array>,
  report: (done: number) => void,
): Promise<void> {
  await requireWritable(path);
  await requireApart([path], [from]);
  await writeAtomically(path, async (file) => {
    for (let offset = 0; offset < size; offset += PIECE) {
      const length = Math.min(PIECE, size - offset);
      await writeFully(file, await read(offset, length), offset);
      report(offset + length);
    }
  });
}

/** Where a copy goes: into a folder under the name of the source. */
async function destinationOf(destination: string, source: string): Promise<string> {
  const name = nameOf(source);
  if (isS3(destination)) {
    const { bucket, key } = s3Place(destination);
    return key === '' || key.endsWith('/') ? s3Address({ bucket, key: `${key}${name}` }) : destination;
  }
  if (isUrl(destination)) {
    throw invalidInput(publicUrl(destination), 'cannot be written', 'give a path or s3://BUCKET/KEY');
  }
  const path = localPath(destination);
  const isFolder = path.endsWith('/') || (await stat(path).catch(() => null))?.isDirectory() === true;
  return isFolder ? join(path, name) : path;
}

/** The last part of a path or address. @throws {TerrachipError} INVALID_INPUT for one that would leave a folder */
function nameOf(source: string): string {
  const name = isUrl(source) ? decodeURIComponent(basename(pathOf(source))) : basename(localPath(source));
  if (name !== '' && name !== '..' && !/[\\/\0]/.test(name)) return name;
  throw invalidInput(publicUrl(source), 'gives the copy no name', 'give the destination with a name');
}

/** Which objects are listed. */
export interface ListFilesOptions extends OperationOptions, OpenOptions {
  /** `s3://bucket/prefix` */
  url: string;
  /** Also list keys with further slashes (default false). */
  recursive?: boolean;
}

/** The objects that an address has, in the order of their keys. */
export interface FileList {
  readonly files: readonly StoredObject[];
  /** Bytes of all of them. */
  readonly bytes: number;
}

const MAX_LISTED = 1_000_000;

/**
 * Lists the objects whose keys begin with that of an address.
 * @throws {TerrachipError} INVALID_INPUT for an address of no object store; TOO_LARGE above a million objects; NETWORK
 */
export async function listFiles(options: ListFilesOptions): Promise<FileList> {
  const { url } = options;
  if (!isS3(url)) throw invalidInput(publicUrl(url), 'cannot be listed', 'give s3://BUCKET/PREFIX');
  const files: StoredObject[] = [];
  for await (const object of listObjects(url, options)) {
    files.push(object);
    if (files.length > MAX_LISTED) {
      throw tooLarge(`${publicUrl(url)} has more than ${MAX_LISTED} objects`, 'list a longer prefix', {
        size: files.length,
        limit: MAX_LISTED,
      });
    }
  }
  return { files, bytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0) };
}
