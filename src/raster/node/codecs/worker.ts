import { parentPort } from 'node:worker_threads';
import { messageOf } from '../../../errors.js';
import { type DecodeRequest, decodePieces } from '../../codecs/decode.js';
import { CODECS } from './table.js';

/** The worker thread of pool.ts. */

export interface WorkerRequest {
  readonly id: number;
  readonly request: DecodeRequest;
}

export type WorkerReply =
  | { readonly id: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly problem: string };

const port = parentPort;
port?.on('message', async ({ id, request }: WorkerRequest) => {
  let reply: WorkerReply;
  try {
    reply = { id, bytes: await decodePieces(CODECS, request) };
  } catch (error) {
    reply = { id, problem: messageOf(error) };
  }
  port.postMessage(reply, 'bytes' in reply ? [reply.bytes.buffer] : []);
});
