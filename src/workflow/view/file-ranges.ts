/** Sends parts of a file on this machine, as RFC 9110 says of ranges. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { cannotOpen } from '../../io/node/file.js';

/** Sends a file, or the requested range of it. The entity tag identifies its version. */
export async function sendFile(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { size, mtimeMs } = await stat(path).catch((cause: unknown) => {
    throw cannotOpen(path, cause);
  });
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('ETag', `"${size.toString(36)}-${Math.round(mtimeMs * 1000).toString(36)}"`);
  response.setHeader('Content-Type', 'application/octet-stream');
  const range = rangeOf(request.headers.range, size);
  if (range === 'none') {
    response.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: size };
  if (range !== null) {
    response.statusCode = 206;
    response.setHeader('Content-Range', `bytes ${start}-${end - 1}/${size}`);
  }
  response.setHeader('Content-Length', end - start);
  if (request.method === 'HEAD' || end === start) {
    response.end();
    return;
  }
  await pipeline(createReadStream(path, { start, end: end - 1 }), response);
}

/** The bytes from `start` to below `end`; null for all, `none` for a range outside of the file. */
function rangeOf(header: string | undefined, size: number): { start: number; end: number } | 'none' | null {
  // Other units and several ranges are ignored, which a server may do.
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return null;
  if (first === '') {
    const start = Math.max(0, size - Number(last));
    return start < size ? { start, end: size } : 'none';
  }
  const start = Number(first);
  const end = last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? { start, end } : 'none';
}
