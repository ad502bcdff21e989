import type { ByteSource } from '../../io/index.js';
import { readDirectories, TAG, type TagReader, type TiffFile } from './directory.js';
import { type ImageStructure, readStructure } from './structure.js';

/** An image and its file. */
export interface StoredImage {
  readonly source: ByteSource;
  readonly image: ImageStructure;
  /** Identifies the image in the raster, for the cache. */
  readonly key: string;
}

/** One resolution of a raster. */
export interface Level extends StoredImage {
  /** The mask of the same size; null for none. */
  readonly mask: StoredImage | null;
}

/** Sidecar files of a GeoTIFF. */
export interface Sidecars {
  /** `.ovr`: overviews of a file without internal ones. */
  overviews?: ByteSource;
  /** `.msk`: its mask, and masks of overviews, which may also be in `.msk.ovr`. */
  mask?: ByteSource;
  maskOverviews?: ByteSource;
  /** `.tfw`, `.tifw` or `.wld`: six lines, the transform of a file without one. */
  worldFile?: ByteSource;
}

/** Bits of the NewSubfileType tag. */
const REDUCED_IMAGE = 1;
const MASK_IMAGE = 4;

/** The full image first, then its overviews from the largest to the smallest, with their masks. */
export async function readLevels(
  source: ByteSource,
  file: TiffFile,
  sidecars: Sidecars,
  signal?: AbortSignal,
): Promise<Level[]> {
  const [main, ...others] = file.directories;
  const read = (tags: TagReader): Promise<ImageStructure> =>
    readStructure(source.name, tags, file.littleEndian, source.size);
  const full = await read(main);
  const images: StoredImage[] = [];
  const masks: StoredImage[] = [];
  for (const [k, tags] of others.entries()) {
    const kind = await tags.number(TAG.NewSubfileType, 0);
    if ((kind & MASK_IMAGE) !== 0) masks.push({ source, image: await read(tags), key: `mask ${k}` });
    else if ((kind & REDUCED_IMAGE) !== 0)
      images.push({ source, image: await read(tags), key: `image ${k}` });
  }
  if (images.length === 0 && sidecars.overviews !== undefined) {
    images.push(...(await imagesOf(sidecars.overviews, 'ovr', signal)));
  }
  // The external mask takes precedence over the internal one, as in GDAL.
  const beside = [sidecars.mask, sidecars.maskOverviews].filter((sidecar) => sidecar !== undefined);
  const found = await Promise.all(beside.map((sidecar, k) => imagesOf(sidecar, `msk ${k}`, signal)));
  masks.unshift(...found.flat());
  const overviews = images
    .filter(({ image }) => image.bands === full.bands && image.sample.storedType === full.sample.storedType)
    .sort((a, b) => b.image.width - a.image.width);
  const maskOf = ({ width, height }: ImageStructure): StoredImage | null =>
    masks.find(({ image }) => image.width === width && image.height === height) ?? null;
  return [{ source, image: full, key: 'full' }, ...overviews].map((stored) => ({
    ...stored,
    mask: maskOf(stored.image),
  }));
}

/** All images of a sidecar file. */
async function imagesOf(source: ByteSource, prefix: string, signal?: AbortSignal): Promise<StoredImage[]> {
  const { directories, littleEndian } = await readDirectories(source, signal);
  return Promise.all(
    directories.map(async (tags, k) => ({
      source,
      image: await readStructure(source.name, tags, littleEndian, source.size),
      key: `${prefix} ${k}`,
    })),
  );
}
