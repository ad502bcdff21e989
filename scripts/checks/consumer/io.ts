import { BlobSource, type ByteSource, MemorySource, openUrl, withBlockCache } from 'terrachip/io';

export async function head(url: string | null, length: number): Promise<Uint8Array> {
  const opened: ByteSource = url === null ? new MemorySource(new Uint8Array(length)) : await openUrl(url);
  const source = withBlockCache(opened, { blockSize: 4096 });
  return source.read(0, Math.min(length, source.size)).finally(() => source.close());
}

export async function firstOfDropped(file: Blob): Promise<number> {
  const source = new BlobSource(file, 'dropped.tif');
  return (await source.read(0, 1))[0];
}
