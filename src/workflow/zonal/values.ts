/**
 * The values of zones with the number of pixels that have each, for statistics that sums do not give. Equal values are
 * counted together. Above a limit, what was counted is sorted and written to a temporary file; at the end the sorted parts
 * are merged. So the results are exact, and memory does not grow with the size of the raster.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { writeError, writeFully } from '../../io/node/output.js';
import { removeTemporary, temporaryPath } from '../../io/node/temporaries.js';
import { Resource } from '../../resource.js';

/** Most distinct values in memory, of all zones together; about 100 bytes each. */
const LIMIT = 2 ** 21;

/** Bytes of a value and its weight in the file. */
const PAIR_BYTES = 16;

/** Pairs of one part that are in memory while parts are merged. */
const BUFFER_PAIRS = 2 ** 13;

/** Pairs of one group in the file, in ascending order. */
interface Part {
  readonly position: number;
  readonly pairs: number;
}

/** Counts values by groups, such as zones. Dispose of it when done. */
export class ValueCounts extends Resource {
  readonly #counts: (Map<number, number> | undefined)[];
  readonly #parts: Part[][];
  readonly #beside: string;
  readonly #limit: number;
  #path: string | null = null;
  #file: FileHandle | null = null;
  #position = 0;
  #distinct = 0;

  /**
   * @param groups how many there are
   * @param beside a path; the temporary file lies in its folder
   * @param limit most distinct values in memory after `settle`
   */
  constructor(groups: number, beside: string, limit = LIMIT) {
    super();
    this.#counts = new Array<undefined>(groups).fill(undefined);
    this.#parts = Array.from({ length: groups }, () => []);
    this.#beside = beside;
    this.#limit = limit;
  }

  /** Counts values `start` to `end` (exclusive), each with a weight. NaN is left out. */
  add(group: number, values: Float32Array | Float64Array, start: number, end: number, weight: number): void {
    let counts = this.#counts[group];
    if (counts === undefined) {
      counts = new Map();
      this.#counts[group] = counts;
    }
    const before = counts.size;
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (!Number.isNaN(value)) counts.set(value, (counts.get(value) ?? 0) + weight);
    }
    this.#distinct += counts.size - before;
  }

  /** Writes what was counted to the file where there are too many distinct values. @throws {TerrachipError} DISK */
  async settle(): Promise<void> {
    if (this.#distinct <= this.#limit) return;
    for (const [group, counts] of this.#counts.entries()) {
      if (counts === undefined || counts.size === 0) continue;
      await this.#write(group, pairsOf(counts));
      this.#counts[group] = undefined;
    }
    this.#distinct = 0;
  }

  /** Calls a function with each distinct value of a group, ascending, and its weight. */
  async forEach(group: number, use: (value: number, weight: number) => void): Promise<void> {
    const counts = this.#counts[group];
    const readers = this.#parts[group].map((part) => new PartReader(this.#file, part));
    if (counts !== undefined) readers.push(new PartReader(null, { position: 0, pairs: 0 }, pairsOf(counts)));
    for (const reader of readers) await reader.fill();
    let left = readers.filter((reader) => !reader.done);
    while (left.length > 0) {
      let least = Infinity;
      for (const reader of left) least = Math.min(least, reader.value);
      let weight = 0;
      for (const reader of left) if (reader.value === least) weight += reader.take();
      use(least, weight);
      for (const reader of left) if (reader.isEmpty) await reader.fill();
      if (left.some((reader) => reader.done)) left = left.filter((reader) => !reader.done);
    }
  }

  async dispose(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
    this.#file = null;
    if (this.#path !== null) await removeTemporary(this.#path);
  }

  async #write(group: number, pairs: Float64Array<ArrayBuffer>): Promise<void> {
    try {
      this.#path ??= temporaryPath(this.#beside);
      this.#file ??= await open(this.#path, 'wx+');
      await writeFully(this.#file, new Uint8Array(pairs.buffer), this.#position);
    } catch (cause) {
      throw writeError(this.#path ?? this.#beside, cause);
    }
    this.#parts[group].push({ position: this.#position, pairs: pairs.length / 2 });
    this.#position += pairs.byteLength;
  }
}

/** Values and weights in turn, by ascending values. */
function pairsOf(counts: ReadonlyMap<number, number>): Float64Array<ArrayBuffer> {
  const values = Float64Array.from(counts.keys()).sort();
  const pairs = new Float64Array(2 * values.length);
  for (const [k, value] of values.entries()) {
    pairs[2 * k] = value;
    pairs[2 * k + 1] = counts.get(value) ?? 0;
  }
  return pairs;
}

/** Reads the pairs of a part in order. */
class PartReader {
  readonly #file: FileHandle | null;
  #pairs: Float64Array<ArrayBuffer>;
  #next = 0;
  #position: number;
  #left: number;

  /** @param pairs those in memory, before those in the file */
  constructor(file: FileHandle | null, { position, pairs: count }: Part, pairs = new Float64Array()) {
    this.#file = file;
    this.#pairs = pairs;
    this.#position = position;
    this.#left = count;
  }

  get isEmpty(): boolean {
    return this.#next >= this.#pairs.length;
  }

  get done(): boolean {
    return this.isEmpty && this.#left === 0;
  }

  get value(): number {
    return this.#pairs[this.#next];
  }

  /** The weight of the value; the next pair follows. */
  take(): number {
    this.#next += 2;
    return this.#pairs[this.#next - 1];
  }

  async fill(): Promise<void> {
    if (!this.isEmpty || this.#left === 0 || this.#file === null) return;
    const count = Math.min(this.#left, BUFFER_PAIRS);
    const bytes = new Uint8Array(count * PAIR_BYTES);
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await this.#file.read(bytes, done, bytes.length - done, this.#position + done);
      if (bytesRead === 0) throw new Error('a temporary file was cut short');
      done += bytesRead;
    }
    this.#pairs = new Float64Array(bytes.buffer);
    this.#next = 0;
    this.#position += bytes.length;
    this.#left -= count;
  }
}
