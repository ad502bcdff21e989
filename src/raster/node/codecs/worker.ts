import { answerRequests } from '../../../gpu/node/worker-pool.js';
import { type DecodeRequest, decodePieces } from '../../codecs/decode.js';
import { CODECS } from './table.js';

/** The worker thread of pool.ts. */
answerRequests(async (request: DecodeRequest) => {
  const message = await decodePieces(CODECS, request);
  return { message, transfer: [message.buffer] };
});
