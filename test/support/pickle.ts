import { buildZip, type ZipPart } from './zip.js';

/** Pickle opcodes as Latin-1 text: each pushes one value. */
export const pickle = {
  global: (module: string, name: string): string => `c${module}\n${name}\n`,
  text(value: string): string {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(value.length);
    return `X${length.toString('latin1')}${value}`;
  },
  integer(value: number): string {
    const bytes = Buffer.alloc(9);
    bytes.writeUInt8(8);
    bytes.writeBigInt64LE(BigInt(value), 1);
    return `\x8a${bytes.toString('latin1')}`;
  },
  tuple: (...items: string[]): string => `(${items.join('')}t`,
  call: (callee: string, ...args: string[]): string => `${callee}${pickle.tuple(...args)}R`,
  dictionary: (entries: Record<string, string>): string =>
    `}(${Object.entries(entries)
      .map(([key, value]) => pickle.text(key) + value)
      .join('')}u`,
  storage: (type: string, length: number, key = '0'): string =>
    `${pickle.tuple(
      pickle.text('storage'),
      pickle.global('torch', type),
      pickle.text(key),
      pickle.text('cpu'),
      pickle.integer(length),
    )}Q`,
  tensor: (storage: string, offset: number, shape: readonly number[], strides: readonly number[]): string =>
    pickle.call(
      pickle.global('torch._utils', '_rebuild_tensor_v2'),
      storage,
      pickle.integer(offset),
      pickle.tuple(...shape.map(pickle.integer)),
      pickle.tuple(...strides.map(pickle.integer)),
      '\x89',
      pickle.call(pickle.global('collections', 'OrderedDict')),
    ),
};

/** A torch.save file with one storage and a pickle, given without its protocol and end opcodes. */
export function torchFile(
  value: string,
  storage: Uint8Array = new Uint8Array(16),
  more: readonly ZipPart[] = [],
): Uint8Array<ArrayBuffer> {
  return buildZip([
    { name: 'archive/data.pkl', bytes: Buffer.from(`\x80\x02${value}.`, 'latin1') },
    { name: 'archive/data/0', bytes: storage },
    ...more,
  ]);
}
