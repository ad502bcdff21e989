import { describe, expect, it } from 'vitest';
import { decodeLzw } from '../../src/raster/codecs/wasm-decoders.js';
import { randomValues } from '../support/random.js';

const CLEAR = 256;
const END = 257;

const coding = {
  compression: 5,
  predictor: 1,
  littleEndian: true,
  reversedBits: false,
  photometric: 1,
  width: 1,
  height: 1,
  samples: 1,
  dtype: 'uint8',
  rowBytes: 1,
  rowsTogether: 1,
  bytesPerSample: 1,
  bytesPerWord: 1,
  jpegTables: null,
  lercCompression: 0,
  jpeg2000: null,
} as const;

const expand = async (stored: Uint8Array<ArrayBuffer>, size: number) =>
  decodeLzw(stored, { size, most: size, rows: 1 }, coding);

/** Packs codes of given widths from the highest bit. */
function pack(codes: readonly (readonly [code: number, width: number])[]): Uint8Array<ArrayBuffer> {
  const bits = codes.map(([code, width]) => code.toString(2).padStart(width, '0')).join('');
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte.padEnd(8, '0'), 2));
}

/** A simple encoder: a table of strings, cleared when full unless told to continue. */
function encode(data: Uint8Array, clearWhenFull = true): Uint8Array<ArrayBuffer> {
  const codes: [number, number][] = [[CLEAR, 9]];
  let table = new Map<string, number>();
  let width = 9;
  const codeOf = (s: string): number => (s.length === 1 ? s.charCodeAt(0) : (table.get(s) as number));
  let text = '';
  for (const byte of data) {
    const longer = text + String.fromCharCode(byte);
    if (longer.length === 1 || table.has(longer)) {
      text = longer;
      continue;
    }
    codes.push([codeOf(text), width]);
    text = String.fromCharCode(byte);
    if (table.size < 4094 - 258) {
      table.set(longer, 258 + table.size);
      // Early change: the code after entry 510 has ten bits.
      if (258 + table.size > (1 << width) - 1 && width < 12) width++;
    } else if (clearWhenFull) {
      codes.push([CLEAR, width]);
      table = new Map();
      width = 9;
    }
  }
  if (text !== '') codes.push([codeOf(text), width]);
  codes.push([END, width]);
  return pack(codes);
}

const smooth = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => 100 + 20 * Math.sin(i / 9) + (i % 3));

describe('LZW', () => {
  it('expands the example of the TIFF specification', async () => {
    const codes = [CLEAR, 7, 258, 8, 8, 258, 6, END].map((code) => [code, 9] as const);
    // 7 7 7, 8, 8, 7 7, 6: code 258 is used before the byte that completes it.
    expect([...(await expand(pack(codes), 8))]).toEqual([7, 7, 7, 8, 8, 7, 7, 6]);
  });

  it.each([1, 2, 3, 255, 256, 5000, 70_000])('round-trips %i bytes of smooth data', async (length) => {
    const data = smooth(length);
    expect(Buffer.compare(await expand(encode(data), length), data)).toBe(0);
  });

  it('round-trips noise and long runs', async () => {
    const noise = Uint8Array.from(randomValues(3, 60_000, 0, 255));
    expect(Buffer.compare(await expand(encode(noise), noise.length), noise)).toBe(0);
    const run = new Uint8Array(300_000).fill(9);
    expect(Buffer.compare(await expand(encode(run), run.length), run)).toBe(0);
  });

  it('continues with a full table', async () => {
    const noise = Uint8Array.from(randomValues(4, 40_000, 0, 255));
    expect(Buffer.compare(await expand(encode(noise, false), noise.length), noise)).toBe(0);
  });

  it('stops at the requested size', async () => {
    const data = smooth(1000);
    expect(Buffer.compare(await expand(encode(data), 333), data.subarray(0, 333))).toBe(0);
  });

  it('gives the decoded part of a truncated stream', async () => {
    const data = smooth(1000);
    const stored = encode(data);
    const part = await expand(stored.slice(0, stored.length >> 1), data.length);
    expect(part.length).toBeGreaterThan(0);
    expect(part.length).toBeLessThan(data.length);
    expect(Buffer.compare(part, data.subarray(0, part.length))).toBe(0);
    expect(await expand(new Uint8Array(), 10)).toHaveLength(0);
  });

  it('refuses an undefined code', async () => {
    const stored = pack([CLEAR, 65, 300].map((code) => [code, 9] as const));
    await expect(expand(stored, 10)).rejects.toThrow(/code 300 has no string/);
  });
});
