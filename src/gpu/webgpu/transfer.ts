/** Transfers bytes to a device's buffers and back. */
import type { TypedArray } from '../../geo/index.js';
import type { BufferPool } from './buffer-pool.js';
import type { DeviceState } from './device-state.js';
import { BUFFER_USAGE, MAP_READ } from './usage.js';

/** Bytes per readback; two are in memory at a time. */
const STAGING_BYTES = 32 * 2 ** 20;

const STAGING_USAGE = BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST;

/** A position in a device's buffer. */
interface DeviceBytes {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/**
 * Reads bytes back in pieces.
 * @param copy records a copy and submits all recorded commands
 */
export async function readBack(
  pool: BufferPool,
  state: DeviceState,
  { buffer, offset }: DeviceBytes,
  bytes: Uint8Array,
  copy: (from: GPUBuffer, start: number, staging: GPUBuffer, length: number) => void,
): Promise<void> {
  const pieces: { staging: GPUBuffer; start: number; length: number; ready: Promise<void> }[] = [];
  const drain = async (): Promise<void> => {
    const piece = pieces.shift();
    if (piece === undefined) return;
    const { staging, start, length, ready } = piece;
    await state.settled(ready);
    bytes.set(new Uint8Array(staging.getMappedRange(0, length)).subarray(0, bytes.length - start), start);
    staging.unmap();
    pool.reuse(staging);
  };
  for (let start = 0; start < bytes.length; start += STAGING_BYTES) {
    const length = Math.ceil(Math.min(STAGING_BYTES, bytes.length - start) / 4) * 4;
    const staging = pool.acquire(length, STAGING_USAGE);
    copy(buffer, offset + start, staging, length);
    pieces.push({ staging, start, length, ready: staging.mapAsync(MAP_READ, 0, length) });
    // Two pieces at a time: one is copied on the device while the other is read here.
    if (pieces.length === 2) await drain();
  }
  while (pieces.length > 0) await drain();
}

/** Writes an array's bytes; its last word is padded with zeros. */
export function writeArray(queue: GPUQueue, { buffer, offset }: DeviceBytes, data: TypedArray): void {
  // Dawn refuses views of shared memory.
  const plain = data.buffer instanceof ArrayBuffer ? data : data.slice();
  const all = new Uint8Array(plain.buffer as ArrayBuffer, plain.byteOffset, plain.byteLength);
  const whole = all.length - (all.length % 4);
  if (whole > 0) queue.writeBuffer(buffer, offset, all.subarray(0, whole));
  if (whole === all.length) return;
  const padding = new Uint8Array(4);
  padding.set(all.subarray(whole));
  queue.writeBuffer(buffer, offset + whole, padding);
}
