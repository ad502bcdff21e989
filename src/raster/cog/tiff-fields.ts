/** TIFF directories as bytes, little-endian, classic or BigTIFF. */

export const TYPE = { ascii: 2, short: 3, long: 4, double: 12, long8: 16 } as const;
export type FieldType = (typeof TYPE)[keyof typeof TYPE];
const TYPE_BYTES: Readonly<Record<FieldType, number>> = { 2: 1, 3: 2, 4: 4, 12: 8, 16: 8 };

export interface Field {
  readonly tag: number;
  readonly type: FieldType;
  readonly values: readonly number[] | string;
}

export function align(offset: number): number {
  return Math.ceil(offset / 8) * 8;
}

function fieldBytes(field: Field): number {
  const count = typeof field.values === 'string' ? encodeText(field.values).length : field.values.length;
  return count * TYPE_BYTES[field.type];
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** Bytes of a directory without its arrays. */
function tableBytes(fields: readonly Field[], bigTiff: boolean): number {
  return align((bigTiff ? 16 : 6) + fields.length * (bigTiff ? 20 : 12));
}

/** Bytes of a directory with its arrays. */
export function directorySize(fields: readonly Field[], bigTiff: boolean): number {
  const inline = bigTiff ? 8 : 4;
  let size = tableBytes(fields, bigTiff);
  for (const field of fields) {
    const bytes = fieldBytes(field);
    if (bytes > inline) size += align(bytes);
  }
  return size;
}

/**
 * @param start the directory's offset in the file
 * @param next the offset of the next one, or 0
 */
export function encodeDirectory(
  fields: readonly Field[],
  start: number,
  next: number,
  bigTiff: boolean,
): Uint8Array {
  const bytes = new Uint8Array(directorySize(fields, bigTiff));
  const view = new DataView(bytes.buffer);
  const inline = bigTiff ? 8 : 4;
  const setOffset = (at: number, value: number): void => {
    if (bigTiff) view.setBigUint64(at, BigInt(value), true);
    else view.setUint32(at, value, true);
  };
  let at = bigTiff ? 8 : 2;
  if (bigTiff) setOffset(0, fields.length);
  else view.setUint16(0, fields.length, true);
  let data = tableBytes(fields, bigTiff);
  for (const field of fields) {
    const size = fieldBytes(field);
    view.setUint16(at, field.tag, true);
    view.setUint16(at + 2, field.type, true);
    setOffset(at + 4, size / TYPE_BYTES[field.type]);
    at += 4 + inline;
    if (size <= inline) {
      encodeValues(view, at, field);
    } else {
      setOffset(at, start + data);
      encodeValues(view, data, field);
      data += align(size);
    }
    at += inline;
  }
  setOffset(at, next);
  return bytes;
}

function encodeValues(view: DataView, at: number, field: Field): void {
  if (typeof field.values === 'string') {
    new Uint8Array(view.buffer, at).set(encodeText(field.values));
    return;
  }
  for (const [i, value] of field.values.entries()) {
    const to = at + i * TYPE_BYTES[field.type];
    if (field.type === TYPE.short) view.setUint16(to, value, true);
    else if (field.type === TYPE.double) view.setFloat64(to, value, true);
    else if (field.type === TYPE.long8) view.setBigUint64(to, BigInt(value), true);
    else view.setUint32(to, value, true);
  }
}
