/** Files of chips: GeoTIFFs, `.npy` arrays, or a Zarr group for each split with a chunk for each chip. */
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dtype, GeoTensor } from '../../geo/index.js';
import { makeFolder } from '../../io/node/output.js';
import {
  consolidateZarr,
  createZarrGroup,
  writeCog,
  writeNpy,
  ZarrShardWriter,
} from '../../raster/node/index.js';
import type { ChipFormat } from '../choices.js';
import type { LabelDtype } from './labels.js';

/** What all chips have in common. */
export interface ChipShape {
  readonly size: number;
  readonly bands: readonly string[];
  readonly dtype: Dtype;
  readonly nodata: number;
  /** Null without labels. */
  readonly labels: { readonly dtype: LabelDtype; readonly ignore: number } | null;
}

/** The image and the label of a chip. */
export type ChipPart = 'image' | 'label';

/** Writes chips into a folder. */
export interface ChipForm {
  /** Writes what must be there before any chip. */
  prepare(splits: readonly { readonly name: string; readonly length: number }[]): Promise<void>;
  /** The file of a chip, relative to the folder. */
  path(split: string, number: number, part: ChipPart): string;
  /** Writes one part of a chip. */
  write(split: string, number: number, part: ChipPart, pixels: GeoTensor): Promise<void>;
  /** How the index names a part of a chip: a path relative to the folder. */
  address(split: string, number: number, part: ChipPart): string;
  /**
   * Ends a split, of whose chips some were left out.
   * @param kept the numbers of the others, ascending; they become 0, 1, 2, …
   */
  finish(split: string, kept: readonly number[]): Promise<void>;
}

/** The form of a format in a folder. */
export function chipForm(format: ChipFormat, folder: string, shape: ChipShape): ChipForm {
  return format === 'zarr' ? new ZarrForm(folder, shape) : new FileForm(folder, shape, format);
}

/** The number of a chip in names of files. */
function digits(number: number): string {
  return String(number).padStart(6, '0');
}

/** A file for each part of a chip, `train/images/000012.tif` and `train/labels/000012.tif`. */
class FileForm implements ChipForm {
  readonly #folder: string;
  readonly #shape: ChipShape;
  readonly #format: 'geotiff' | 'npy';

  constructor(folder: string, shape: ChipShape, format: 'geotiff' | 'npy') {
    this.#folder = folder;
    this.#shape = shape;
    this.#format = format;
  }

  async prepare(splits: readonly { readonly name: string }[]): Promise<void> {
    for (const { name } of splits) {
      await makeFolder(join(this.#folder, name, 'images'));
      if (this.#shape.labels !== null) await makeFolder(join(this.#folder, name, 'labels'));
    }
  }

  path(split: string, number: number, part: ChipPart): string {
    const ending = this.#format === 'npy' ? 'npy' : 'tif';
    return [split, `${part}s`, `${digits(number)}.${ending}`].join('/');
  }

  address(split: string, number: number, part: ChipPart): string {
    return this.path(split, number, part);
  }

  async write(split: string, number: number, part: ChipPart, pixels: GeoTensor): Promise<void> {
    const path = join(this.#folder, this.path(split, number, part));
    const { shape, dtype, data } = pixels;
    if (this.#format === 'npy') await writeNpy(path, { shape, dtype }, data);
    else await writeCog(path, pixels, { overviews: 'none' });
  }

  async finish(): Promise<void> {
    // Files keep the numbers that they were written with.
  }
}

/** A group for each split, `train.zarr` with `image` (chip, band, y, x) and `label` (chip, y, x); a chunk is a chip. */
class ZarrForm implements ChipForm {
  readonly #folder: string;
  readonly #shape: ChipShape;
  readonly #lengths = new Map<string, number>();

  constructor(folder: string, shape: ChipShape) {
    this.#folder = folder;
    this.#shape = shape;
  }

  async prepare(splits: readonly { readonly name: string; readonly length: number }[]): Promise<void> {
    for (const { name, length } of splits) {
      this.#lengths.set(name, length);
      for (const part of this.#parts) await makeFolder(join(this.#folder, `${name}.zarr`, part, 'c'));
    }
  }

  path(split: string, number: number, part: ChipPart): string {
    return [`${split}.zarr`, part, 'c', number, ...(part === 'image' ? [0, 0, 0] : [0, 0])].join('/');
  }

  address(split: string, _: number, part: ChipPart): string {
    return `${split}.zarr/${part}`;
  }

  async write(split: string, number: number, part: ChipPart, { data }: GeoTensor): Promise<void> {
    const place = [number, ...(part === 'image' ? [0, 0, 0] : [0, 0])];
    await this.#array(split, part, this.#lengths.get(split) ?? 0).writeShard(place, data);
  }

  async finish(split: string, kept: readonly number[]): Promise<void> {
    const group = join(this.#folder, `${split}.zarr`);
    const left = new Set(kept);
    for (const part of this.#parts) {
      const chunks = join(group, part, 'c');
      for (const name of await readdir(chunks))
        if (!left.has(Number(name))) await rm(join(chunks, name), { recursive: true });
      for (const [index, number] of kept.entries())
        if (index !== number) await rename(join(chunks, String(number)), join(chunks, String(index)));
      await this.#array(split, part, kept.length).create();
    }
    const { bands, nodata, labels } = this.#shape;
    await createZarrGroup(group, {
      bands,
      nodata: Number.isNaN(nodata) ? 'NaN' : nodata,
      ...(labels === null ? {} : { ignore: labels.ignore }),
    });
    await consolidateZarr(group);
  }

  get #parts(): readonly ChipPart[] {
    return this.#shape.labels === null ? ['image'] : ['image', 'label'];
  }

  #array(split: string, part: ChipPart, length: number): ZarrShardWriter {
    const { size, bands, dtype, nodata, labels } = this.#shape;
    const isImage = part === 'image' || labels === null;
    const chunk = isImage ? [1, bands.length, size, size] : [1, size, size];
    return new ZarrShardWriter(join(this.#folder, `${split}.zarr`, part), {
      shape: [length, ...chunk.slice(1)],
      shardShape: chunk,
      chunkShape: chunk,
      dtype: isImage ? dtype : labels.dtype,
      fillValue: isImage ? nodata : labels.ignore,
      dimensions: isImage ? ['chip', 'band', 'y', 'x'] : ['chip', 'y', 'x'],
      compression: 'zstd',
    });
  }
}
