import { read } from 'node:fs';
import { promisify } from 'node:util';
import { answerRequests } from '../../../gpu/node/worker-pool.js';
import { decodePieces, type FileRequest } from '../../codecs/decode.js';
import { encodeBytes } from '../../codecs/wasm-encoders.js';
import { readPieces } from '../../geotiff/pieces.js';
import type { Request } from './pool.js';
import { CODECS } from './table.js';

type Bytes = Uint8Array<ArrayBuffer>;

const readAsync = promisify(read);

/** Memory of reads that ended: fresh memory costs more than the read. */
const idle: Bytes[] = [];
const KEPT = 4;
const KEPT_BYTES = 2 ** 22;

async function decodeInFile({ coding, descriptor, places, rows, target }: FileRequest): Promise<Bytes> {
  const taken: Bytes[] = [];
  const stored = await readPieces(places, async (offset, length) => {
    const known = idle.findIndex((memory) => memory.length >= length);
    const memory = known < 0 ? new Uint8Array(Math.max(length, 2 ** 20)) : idle.splice(known, 1)[0];
    taken.push(memory);
    for (let done = 0; done < length; ) {
      const { bytesRead } = await readAsync(descriptor, memory, done, length - done, offset + done);
      if (bytesRead === 0) throw new Error('the file shrank while it was being read');
      done += bytesRead;
    }
    return memory.subarray(0, length);
  });
  const pieces = stored.map((bytes, k) => ({ stored: bytes, rows: rows[k] }));
  const decoded = await decodePieces(CODECS, { coding, pieces, target });
  // After a failure, another read may still write. A result may be a view of what was read.
  for (const memory of taken) {
    if (idle.length < KEPT && memory.length <= KEPT_BYTES && memory.buffer !== decoded.buffer)
      idle.push(memory);
  }
  return decoded;
}

/** The worker thread of pool.ts. */
answerRequests(async (request: Request) => {
  const message = await ('bytes' in request
    ? encodeBytes(request)
    : 'places' in request
      ? decodeInFile(request)
      : decodePieces(CODECS, request));
  return { message, transfer: [message.buffer] };
});
