import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipPart {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly deflate?: boolean;
  /** The sizes in the directory, if not those of `bytes`. */
  readonly size?: number;
  /** Bytes between its header and its data, as PyTorch aligns storages. */
  readonly padding?: number;
  /** Whether the directory has its sizes and offset in a ZIP64 field. */
  readonly zip64?: boolean;
  /** Its mode of Unix; 0o120777 for a link. */
  readonly mode?: number;
}

const HEADER = 30;
const DIRECTORY = 46;
const END = 22;

/** Builds a zip file, which is invalid if its parts are. */
export function buildZip(parts: readonly ZipPart[]): Uint8Array<ArrayBuffer> {
  const bodies: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, bytes, deflate = false, size, padding = 0, zip64 = false, mode = 0 } of parts) {
    const data = deflate ? deflateRawSync(bytes) : bytes;
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(deflate ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(deflate ? data.length : (size ?? data.length), 14);
    fields.writeUInt32LE(size ?? bytes.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const body = Buffer.alloc(HEADER + Buffer.byteLength(name) + padding + data.length);
    body.write('PK\x03\x04', 'latin1');
    fields.copy(body, 4);
    body.writeUInt16LE(padding, 28);
    body.write(name, HEADER);
    body.set(data, body.length - data.length);
    const entry = Buffer.alloc(DIRECTORY + Buffer.byteLength(name));
    entry.write('PK\x01\x02', 'latin1');
    fields.copy(entry, 6);
    entry.writeUInt16LE(mode, 40);
    entry.writeUInt32LE(at, 42);
    entry.write(name, DIRECTORY);
    bodies.push(body);
    directory.push(zip64 ? withZip64(entry) : entry);
    at += body.length;
  }
  const end = Buffer.alloc(END);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, { length }) => sum + length, 0),
    12,
  );
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...bodies, ...directory, end]));
}

/** A ZIP64 field with the sizes and the offset of a directory entry. */
function withZip64(entry: Buffer): Buffer {
  const field = Buffer.alloc(28);
  field.writeUInt16LE(1, 0);
  field.writeUInt16LE(24, 2);
  for (const [k, at] of [24, 20, 42].entries()) {
    field.writeBigUInt64LE(BigInt(entry.readUInt32LE(at)), 4 + 8 * k);
    entry.writeUInt32LE(0xffffffff, at);
  }
  entry.writeUInt16LE(field.length, 30);
  return Buffer.concat([entry, field]);
}
