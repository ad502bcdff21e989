import { constants, createReadStream } from 'node:fs';
import { access, type FileHandle, mkdir, open, rename, rm, rmdir, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { codeOf, invalidInput, messageOf, TerrachipError } from '../../errors.js';
import { publicUrl } from '../http-errors.js';
import { isS3, s3Place } from '../s3/address.js';
import { uploadObject } from '../s3/objects.js';
import { isAddress } from '../schemes.js';
import { FileSource } from './file.js';
import { forgetTemporary, removeTemporary, sweepTemporaries, temporaryPath } from './temporaries.js';

/**
 * Writes either the whole file or none: to a temporary file beside the target, which is flushed, then
 * renamed. A crash leaves only temporary files behind, which the next run removes.
 */

/**
 * Turns a failed write into an error that names the path; a full or failing disk is worth a retry. Errors of terrachip stay
 * as they are.
 */
export function writeError(path: string, cause: unknown): TerrachipError {
  if (cause instanceof TerrachipError) return cause;
  if (isAddress(path) && !isS3(path)) {
    return invalidInput(
      publicUrl(path),
      'is an address that cannot be written',
      'give a path or s3://BUCKET/KEY',
    );
  }
  const code = codeOf(cause);
  const [why, remedy] = Object.hasOwn(REASONS, code)
    ? REASONS[code]
    : (['', 'check the folder and its permissions'] as const);
  return new TerrachipError(
    'DISK',
    `${path} cannot be written${why === '' ? '' : ` since ${why}`} (${messageOf(cause)})`,
    remedy,
    { path },
    PASSING.includes(code) ? { cause } : { cause, exitStatus: 2 },
  );
}

const PASSING = ['ENOSPC', 'EDQUOT', 'EIO', 'EAGAIN', 'EBUSY', 'ESTALE', 'EMFILE', 'ENFILE'];

const UNSURE = ['the disk or the server of the folder failed', 'check it and run again'] as const;
const TOO_MANY_OPEN = ['too many files are open', 'close some, or raise the limit (ulimit -n)'] as const;
const FORBIDDEN = ['its folder forbids it', 'check the folder and its permissions'] as const;

/** Meanings and remedies of the system's error codes. */
const REASONS: Readonly<Record<string, readonly [why: string, remedy: string]>> = {
  ENOSPC: ['the disk is full', 'free some space and run again'],
  EDQUOT: ['the disk quota is used up', 'free some space and run again'],
  EIO: UNSURE,
  EAGAIN: UNSURE,
  EBUSY: UNSURE,
  ESTALE: UNSURE,
  EMFILE: TOO_MANY_OPEN,
  ENFILE: TOO_MANY_OPEN,
  EFBIG: ['the file would be larger than the file system or a limit allows', 'choose another disk'],
  EROFS: ['the file system is read-only', 'choose another folder'],
  ENOENT: ['its folder does not exist', 'make the folder first'],
  ENAMETOOLONG: ['its name is too long', 'choose a shorter one'],
  EACCES: FORBIDDEN,
  EPERM: FORBIDDEN,
};

/** Writes all of some bytes at a position: one write may take a part of them, as when the disk is nearly full. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, position + done);
    if (bytesWritten === 0) throw Object.assign(new Error('ENOSPC: nothing was written'), { code: 'ENOSPC' });
    done += bytesWritten;
  }
}

/**
 * Gives a temporary file its final name. A file for an object store is uploaded: the object is whole or absent.
 * @throws {TerrachipError} DISK; NETWORK for an object
 */
export async function moveTo(temporary: string, path: string): Promise<void> {
  if (isS3(path)) {
    await upload(temporary, path);
    await removeTemporary(temporary);
    return;
  }
  await rename(temporary, path).catch(async (cause: unknown) => {
    if (codeOf(cause) !== 'EXDEV') throw writeError(path, cause);
    // It lies on another disk.
    await writeAtomically(path, async (file) => {
      await pipeline(createReadStream(temporary), file.createWriteStream({ autoClose: false }));
    });
    await removeTemporary(temporary);
  });
  forgetTemporary(temporary);
}

async function upload(file: string, address: string): Promise<void> {
  const source = await FileSource.open(file);
  try {
    await uploadObject(address, source);
  } finally {
    await source.dispose();
  }
}

/** Writes a file through `write`, atomically. @returns what `write` returned */
export async function writeAtomically<Result>(
  path: string,
  write: (file: FileHandle) => Promise<Result>,
): Promise<Result> {
  const temporary = temporaryPath(path);
  let file: FileHandle | undefined;
  try {
    file = await open(temporary, 'wx');
    const result = await write(file);
    await file.sync();
    await file.close();
    file = undefined;
    await moveTo(temporary, path);
    return result;
  } catch (cause) {
    await file?.close().catch(() => undefined);
    await removeTemporary(temporary);
    throw writeError(path, cause);
  }
}

/** Writes text or bytes, atomically. */
export async function writeFileAtomically(path: string, content: string | Uint8Array): Promise<void> {
  await writeAtomically(path, async (file) => {
    await file.writeFile(content);
  });
}

/** Writes a JSON document with a final newline, atomically. NaN and Infinity, which JSON lacks, become null. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFileAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** A folder for results with the ending of a file is a mistake: some commands write files, others folders. */
const FILE_ENDING =
  /\.(tiff?|png|jpe?g|jp2|vrt|nc|h5|hdf5?|npy|npz|(geo)?json|gpkg|shp|fgb|(geo)?parquet|csv|onnx|zip)$/i;

/**
 * Makes the folder that results go to.
 * @throws {TerrachipError} INVALID_INPUT for a name with the ending of a file; DISK
 */
export async function makeOutputFolder(path: string): Promise<void> {
  requireFolderName(path);
  await makeFolder(path);
  await sweepTemporaries(path);
}

/** @throws {TerrachipError} INVALID_INPUT for an address, and the name of a folder that ends as a file does */
export function requireFolderName(path: string): void {
  if (isAddress(path)) {
    throw invalidInput(publicUrl(path), 'is an address, where no folder can be written', 'give a path');
  }
  const ending = FILE_ENDING.exec(path)?.[0];
  if (ending === undefined) return;
  throw invalidInput(path, `would be a folder, not a ${ending} file`, 'give the name of a folder');
}

/** Makes a folder and its parents, or says why not. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
    await access(path, constants.W_OK);
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** Removes the folder of a run, and the one around it when no other run is in it. */
export async function removeRun(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await rmdir(dirname(folder)).catch(() => undefined);
}

/** Checks before any work that a file can be written: its folder exists and allows it. An object must have a key. */
export async function requireWritable(path: string): Promise<void> {
  if (path === '' || path === '-') {
    throw invalidInput(
      'the output',
      path === '' ? 'has no name' : 'cannot be the standard output',
      'give the path of a file',
    );
  }
  if (isS3(path)) {
    const { key } = s3Place(path);
    if (key !== '' && !key.endsWith('/')) return;
    throw invalidInput(publicUrl(path), 'names no object', 'write s3://BUCKET/KEY');
  }
  try {
    await access(dirname(path), constants.W_OK);
    const existing = await stat(path).catch(() => null);
    if (existing?.isDirectory()) throw new Error('it is a folder');
    if (existing?.isFile() === false) throw new Error('it is no file');
  } catch (cause) {
    throw writeError(path, cause);
  }
}

/** The endings of the formats that terrachip writes. */
const ENDINGS = {
  GeoTIFF: ['.tif', '.tiff'],
  PNG: ['.png'],
  SVG: ['.svg'],
  GeoJSON: ['.geojson', '.json'],
  FlatGeobuf: ['.fgb'],
  NumPy: ['.npy'],
  GeoParquet: ['.parquet', '.geoparquet'],
  CSV: ['.csv'],
  JSON: ['.json'],
  text: ['.txt'],
  HTML: ['.html', '.htm'],
} as const;

/** The formats of catalogs. */
export const CATALOG_FORMATS = ['GeoParquet', 'GeoJSON'] as const;

export type OutputFormat = keyof typeof ENDINGS;

/**
 * The format that the ending of a path means. A name without an ending may be of the only format.
 * @throws {TerrachipError} INVALID_INPUT for an ending of none of the formats
 */
export function requireEnding<Format extends OutputFormat>(path: string, ...formats: Format[]): Format {
  const ending = /.(\.[^.]*)$/.exec(basename(path))?.[1]?.toLowerCase();
  if (ending === undefined && formats.length === 1) return formats[0];
  const format = formats.find((each) => ENDINGS[each].some((known) => known === ending));
  if (format !== undefined) return format;
  throw invalidInput(
    path,
    ending === undefined
      ? `does not say whether to write ${listOf(formats)}`
      : `ends with ${ending}, but would be written as ${listOf(formats)}`,
    `give a name that ends with ${listOf(formats.flatMap((each) => [...ENDINGS[each]]))}`,
  );
}

function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
