/** Builds TIFFs of layouts that libraries do not write. */

/** TIFF field types, and bytes per value. */
const TYPES = { short: [3, 2], long: [4, 4], rational: [5, 8], double: [12, 8], ascii: [2, 1] } as const;

export interface TiffField {
  readonly type: keyof typeof TYPES;
  readonly values: readonly number[] | string;
}

export interface TiffOptions {
  readonly littleEndian?: boolean;
  /** Fields by tag number; they replace the defaults, and `null` leaves one out. */
  readonly fields?: Readonly<Record<number, TiffField | null>>;
}

export const short = (...values: number[]): TiffField => ({ type: 'short', values });
export const long = (...values: number[]): TiffField => ({ type: 'long', values });
export const double = (...values: number[]): TiffField => ({ type: 'double', values });
export const ascii = (values: string): TiffField => ({ type: 'ascii', values });

/** A TIFF of one strip, or of the strips or tiles whose offsets the fields give; the pixels start at byte 8. */
export function buildTiff(
  width: number,
  height: number,
  pixels: Uint8Array,
  options: TiffOptions = {},
): Uint8Array<ArrayBuffer> {
  const littleEndian = options.littleEndian ?? true;
  const fields: Record<number, TiffField | null> = {
    256: long(width),
    257: long(height),
    258: short(8),
    259: short(1),
    262: short(1),
    273: long(PIXELS_AT),
    277: short(1),
    278: long(height),
    279: long(pixels.length),
    ...options.fields,
  };
  const entries = Object.entries(fields).flatMap(([tag, field]) =>
    field === null ? [] : [{ tag: Number(tag), ...encode(field, littleEndian) }],
  );
  const start = PIXELS_AT + pixels.length + (pixels.length % 2);
  let data = start + 2 + 12 * entries.length + 4;
  const file = new Uint8Array(data + entries.reduce((sum, { bytes }) => sum + bytes.length + 1, 0));
  const view = new DataView(file.buffer);
  view.setUint16(0, littleEndian ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, littleEndian);
  view.setUint32(4, start, littleEndian);
  file.set(pixels, PIXELS_AT);
  view.setUint16(start, entries.length, littleEndian);
  entries.sort((a, b) => a.tag - b.tag);
  for (const [k, { tag, type, count, bytes }] of entries.entries()) {
    const at = start + 2 + 12 * k;
    view.setUint16(at, tag, littleEndian);
    view.setUint16(at + 2, type, littleEndian);
    view.setUint32(at + 4, count, littleEndian);
    if (bytes.length > 4) {
      view.setUint32(at + 8, data, littleEndian);
      file.set(bytes, data);
      data += bytes.length + (bytes.length % 2);
    } else file.set(bytes, at + 8);
  }
  return file;
}

/** The offset of the pixels. */
export const PIXELS_AT = 8;

function encode(field: TiffField, littleEndian: boolean): { type: number; count: number; bytes: Uint8Array } {
  const [type, size] = TYPES[field.type];
  if (typeof field.values === 'string') {
    const bytes = new TextEncoder().encode(`${field.values}\0`);
    return { type, count: bytes.length, bytes };
  }
  const bytes = new Uint8Array(field.values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [i, value] of field.values.entries()) {
    if (field.type === 'short') view.setUint16(2 * i, value, littleEndian);
    else if (field.type === 'long') view.setUint32(4 * i, value, littleEndian);
    else if (field.type === 'double') view.setFloat64(8 * i, value, littleEndian);
    else {
      view.setUint32(8 * i, Math.round(value * 1000), littleEndian);
      view.setUint32(8 * i + 4, 1000, littleEndian);
    }
  }
  return { type, count: field.values.length, bytes };
}
