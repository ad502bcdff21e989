import { registry } from 'zarrita';

/**
 * zarrita decompresses whatever a chunk expands to and does not compare checksums. The codecs of this project bound
 * the result and check it; they stand in zarrita's registry under names of their own, so that other users of zarrita
 * in the process keep its own ones.
 */
const PREFIX = 'terrachip.';

export const BOUNDED_CODECS = ['gzip', 'zlib', 'zstd', 'blosc', 'lz4', 'crc32c'] as const;
export type BoundedCodec = (typeof BOUNDED_CODECS)[number];

export interface CodecEntry {
  readonly name: string;
  readonly configuration: Record<string, unknown>;
}

export function registeredName(codec: BoundedCodec): string {
  return `${PREFIX}${codec}`;
}

/** A codec of a metadata document as terrachip's own where there is one. */
export function boundedCodec({ name, configuration }: CodecEntry): CodecEntry {
  const plain = name.replace(/^numcodecs\./, '');
  const bounded = BOUNDED_CODECS.find((codec) => codec === plain);
  return bounded === undefined ? { name, configuration } : { name: registeredName(bounded), configuration };
}

/**
 * The first of some codecs that nothing here reads; null for none. zarrita loads all codecs of an array at once: of
 * several that it does not know, all but one would be rejections that nobody handles.
 */
export function unknownCodec(codecs: readonly CodecEntry[]): string | null {
  return codecs.find(({ name }) => !registry.has(name))?.name ?? null;
}
