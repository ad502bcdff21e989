/**
 * zarrita neither limits a decompressed chunk nor compares checksums. terrachip's codecs do both. They have separate names
 * in zarrita's registry, so other users of zarrita in the process keep the original codecs.
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

/** Replaces a codec of a metadata document by terrachip's, if there is one. */
export function boundedCodec({ name, configuration }: CodecEntry): CodecEntry {
  const plain = name.replace(/^numcodecs\./, '');
  const bounded = BOUNDED_CODECS.find((codec) => codec === plain);
  return bounded === undefined ? { name, configuration } : { name: registeredName(bounded), configuration };
}
