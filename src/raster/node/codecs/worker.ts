import { answerRequests } from '../../../gpu/node/worker-pool.js';
import { decodePieces } from '../../codecs/decode.js';
import type { Request } from './pool.js';
import { CODECS } from './table.js';
import { encodeBytes } from './wasm-encoders.js';

/** The worker thread of pool.ts. */
answerRequests(async (request: Request) => {
  const message = await ('bytes' in request ? encodeBytes(request) : decodePieces(CODECS, request));
  return { message, transfer: [message.buffer] };
});
