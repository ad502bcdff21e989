/** Lists and uploads objects of S3. */
import { invalidInput, TerrachipError } from '../../errors.js';
import { findAll, parseXml, textOf, type XmlElement } from '../../xml.js';
import { withTaskSignal } from '../abort.js';
import type { OpenOptions } from '../open-url.js';
import { mapConcurrently } from '../semaphore.js';
import { requestBody } from '../web-request.js';
import { isS3, s3Address, s3Place } from './address.js';

/** An object in a list, or what several have in common. */
export interface StoredObject {
  /** `s3://bucket/key`; of a prefix with a slash at its end. */
  readonly url: string;
  /** Bytes; null for a prefix. */
  readonly size: number | null;
  /** When it was written, in UTC as RFC 3339; null for a prefix. */
  readonly modified: string | null;
}

/** Which objects are listed. */
export interface ListOptions extends OpenOptions {
  /** Also list keys with further slashes (default false: they are listed as prefixes). */
  recursive?: boolean;
}

/** A list of more pages than this is refused: the server may never end it. */
const MAX_PAGES = 100_000;

/**
 * Lists the objects whose keys begin with that of an address, in the order of their keys, page by page.
 * @param url `s3://bucket/prefix`
 * @throws {TerrachipError} INVALID_INPUT for another address or an answer that is no list; NETWORK or NOT_FOUND
 */
export async function* listObjects(url: string, options: ListOptions = {}): AsyncGenerator<StoredObject> {
  const { recursive = false } = options;
  const { bucket, key: prefix } = requireS3(url);
  let token: string | null = null;
  const seen = new Set<string>();
  for (let page = 0; page < MAX_PAGES; page++) {
    const query: Record<string, string> = { 'list-type': '2', prefix };
    if (!recursive) query.delimiter = '/';
    if (token !== null) query['continuation-token'] = token;
    const { body } = await requestBody(s3Address({ bucket, key: '' }, query), options);
    const list = parseXml(body, url);
    if (list.name !== 'ListBucketResult')
      throw invalidInput(url, 'was not answered by a list', 'check the address');
    yield* objectsOf(list, bucket, url);
    token = textOf(list, 'NextContinuationToken');
    if (textOf(list, 'IsTruncated') !== 'true' || token === null) return;
    if (seen.has(token)) break;
    seen.add(token);
  }
  throw invalidInput(url, 'is listed without an end: the server sends a page again', 'check the server');
}

function objectsOf(list: XmlElement, bucket: string, name: string): StoredObject[] {
  const objects = list.children
    .filter((child) => child.name === 'Contents')
    .map((content) => {
      const size = Number(textOf(content, 'Size') ?? Number.NaN);
      if (!Number.isSafeInteger(size) || size < 0)
        throw invalidInput(name, 'is listed with an invalid size', 'check the server');
      return { key: textOf(content, 'Key') ?? '', size, modified: textOf(content, 'LastModified') };
    });
  const prefixes = findAll(list, 'CommonPrefixes').map((prefix) => ({
    key: textOf(prefix, 'Prefix') ?? '',
    size: null,
    modified: null,
  }));
  return [...objects, ...prefixes]
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ key, size, modified }) => ({ url: s3Address({ bucket, key }), size, modified }));
}

function requireS3(url: string): ReturnType<typeof s3Place> {
  if (!isS3(url)) throw invalidInput(url, 'is no address of S3', 'write s3://BUCKET/KEY');
  return s3Place(url);
}

/** Stores bytes as an object, whole or not at all. @throws {TerrachipError} INVALID_INPUT or NETWORK */
export async function putObject(
  url: string,
  bytes: Uint8Array<ArrayBuffer>,
  options: OpenOptions = {},
): Promise<void> {
  requireKey(url);
  await requestBody(url, { ...options, method: 'PUT', body: bytes });
}

/** The bytes of an upload, which are read in parts, more than once when a part fails. */
export interface UploadSource {
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** How an object is uploaded. */
export interface UploadOptions extends OpenOptions {
  /** Bytes of a part, from 5 MiB on; files up to this size are sent by one request (default 16 MiB). */
  partSize?: number;
  /** Gets the bytes that are stored. */
  onBytes?: (done: number) => void;
}

/** Bounds of S3: of a part, and of their number. */
const LEAST_PART = 5 * 2 ** 20;
const MOST_PARTS = 10_000;

/** Parts under way, which are in memory. */
const CONCURRENT_PARTS = 4;

/**
 * Stores a large object in parts. It appears when all parts are stored; after an error, sent parts are removed.
 * @throws {TerrachipError} INVALID_INPUT or NETWORK
 */
export async function uploadObject(
  url: string,
  source: UploadSource,
  options: UploadOptions = {},
): Promise<void> {
  const { partSize = 16 * 2 ** 20, onBytes, signal } = options;
  requireKey(url);
  if (source.size <= partSize) {
    await putObject(url, await source.read(0, source.size), options);
    onBytes?.(source.size);
    return;
  }
  const length = Math.max(partSize, LEAST_PART, Math.ceil(source.size / MOST_PARTS));
  const place = s3Place(url);
  const post = (query: Readonly<Record<string, string>>, body: string): Promise<XmlElement> =>
    requestBody(s3Address(place, query), { ...options, method: 'POST', body }).then((answer) =>
      parseXml(answer.body, url),
    );
  const uploadId = textOf(await post({ uploads: '' }, ''), 'UploadId');
  if (uploadId === null || uploadId === '') {
    throw invalidInput(
      url,
      'was answered without an upload',
      'check that the server speaks the protocol of S3',
    );
  }
  let done = 0;
  const send = async (offset: number, index: number, own: AbortSignal): Promise<string> => {
    const body = await source.read(offset, Math.min(length, source.size - offset));
    const address = s3Address(place, { partNumber: String(index + 1), uploadId });
    const { headers } = await requestBody(address, { ...options, method: 'PUT', body, signal: own });
    done += body.byteLength;
    onBytes?.(done);
    return headers.get('etag') ?? '';
  };
  try {
    const offsets = Array.from({ length: Math.ceil(source.size / length) }, (_, k) => k * length);
    const tags = await withTaskSignal(signal, (own) =>
      mapConcurrently(offsets, CONCURRENT_PARTS, (offset, index) => send(offset, index, own), own),
    );
    const result = await post({ uploadId }, completion(tags));
    if (result.name === 'Error') throw notCompleted(url, result);
  } catch (error) {
    // Parts that remain are charged for. The signal of the caller may be what ended the upload.
    const { signal: _, ...rest } = options;
    await requestBody(s3Address(place, { uploadId }), { ...rest, method: 'DELETE' }).catch(() => undefined);
    throw error;
  }
}

function completion(tags: readonly string[]): string {
  const parts = tags.map(
    (tag, k) => `<Part><PartNumber>${k + 1}</PartNumber><ETag>${tag.replace(/[<&>]/g, '')}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`;
}

/** The end of an upload fails with a status of 200 and an error in the body. */
function notCompleted(url: string, error: XmlElement): TerrachipError {
  const code = (textOf(error, 'Code') ?? '').replace(/[^\w.-]/g, '').slice(0, 80);
  return new TerrachipError('NETWORK', `${url} could not be stored (${code})`, 'try again later', { url });
}

function requireKey(url: string): void {
  const { key } = requireS3(url);
  if (key === '' || key.endsWith('/')) throw invalidInput(url, 'names no object', 'write s3://BUCKET/KEY');
}
