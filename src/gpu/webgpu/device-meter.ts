import { MAP_READ } from './usage.js';

/** Counts the bytes that any code reads back from a device. */
export interface DeviceMeter {
  /** Bytes mapped for reading so far. */
  readonly readbackBytes: number;
}

/**
 * Watches a device from now on. Also lets its queue accept views of shared memory, which Dawn refuses: the memory of an
 * ONNX runtime in WebAssembly is shared.
 */
export function watchDevice(device: GPUDevice): DeviceMeter {
  const meter = { readbackBytes: 0 };
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer(descriptor);
    const mapAsync = buffer.mapAsync.bind(buffer);
    buffer.mapAsync = (mode, offset = 0, size = descriptor.size - offset) => {
      if (mode === MAP_READ) meter.readbackBytes += size;
      return mapAsync(mode, offset, size);
    };
    return buffer;
  };
  const { queue } = device;
  const writeBuffer = queue.writeBuffer.bind(queue);
  queue.writeBuffer = (buffer, offset, data, start = 0, length) => {
    // Positions are in elements of a typed array, or in bytes.
    const unit = 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
    const all = ArrayBuffer.isView(data)
      ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
      : new Uint8Array(data);
    const end = length === undefined ? all.length : (start + length) * unit;
    const part = all.subarray(start * unit, end);
    writeBuffer(buffer, offset, part.buffer instanceof ArrayBuffer ? part : part.slice());
  };
  return meter;
}
