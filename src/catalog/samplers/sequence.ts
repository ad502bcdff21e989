import { invalidOption } from '../../errors.js';
import { CounterRandom, STREAM } from './random.js';

/** Items by index, computed on access; the input of `batches`. */
export interface ItemSource<T> {
  readonly length: number;
  at(index: number, signal?: AbortSignal): T | Promise<T>;
}

/**
 * A list of items that are computed on access, each from its index alone. Workers can share a sequence without
 * communication, and a run can resume anywhere.
 */
export class Sequence<T> implements Iterable<T>, ItemSource<T> {
  readonly length: number;
  readonly #item: (index: number) => T;

  constructor(length: number, item: (index: number) => T) {
    this.length = length;
    this.#item = item;
  }

  static of<T>(items: Iterable<T>): Sequence<T> {
    const list = [...items];
    return new Sequence(list.length, (index) => list[index]);
  }

  /** @throws {TerrachipError} INVALID_OPTION for a place that the sequence does not have */
  at(index: number): T {
    checkIndex(index, this.length);
    return this.#item(index);
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let index = 0; index < this.length; index++) yield this.#item(index);
  }

  map<R>(change: (item: T, index: number) => R): Sequence<R> {
    return new Sequence(this.length, (index) => change(this.#item(index), index));
  }

  /** The items that pass a test, which is called for all of them immediately. */
  filter(test: (item: T, index: number) => boolean): Sequence<T> {
    const kept: number[] = [];
    for (let index = 0; index < this.length; index++) if (test(this.#item(index), index)) kept.push(index);
    return this.pick(kept);
  }

  /** The items at indexes, in that order. */
  pick(places: ArrayLike<number>): Sequence<T> {
    return new Sequence(places.length, (index) => this.at(places[index]));
  }

  /** The items in a random order that depends only on the seed. */
  shuffle(seed: number): Sequence<T> {
    return this.pick(new CounterRandom(seed).permutation(this.length, STREAM.shuffle));
  }

  /** The items from `start` to `end`, exclusive (default: the length). */
  slice(start: number, end = this.length): Sequence<T> {
    const length = sliceLength(start, end, this.length);
    return new Sequence(length, (index) => this.#item(start + index));
  }

  /** The items of worker `worker` of `workers` (from 0): every `workers`-th item. */
  share(worker: number, workers: number): Sequence<T> {
    const length = shareLength(worker, workers, this.length);
    return new Sequence(length, (index) => this.#item(worker + index * workers));
  }
}

/** A `Sequence` of items that are computed asynchronously, such as chips whose pixels are read first. */
export class AsyncSequence<T> implements ItemSource<T> {
  readonly length: number;
  readonly #item: (index: number, signal?: AbortSignal) => Promise<T>;

  constructor(length: number, item: (index: number, signal?: AbortSignal) => Promise<T>) {
    this.length = length;
    this.#item = item;
  }

  /** @throws {TerrachipError} INVALID_OPTION for a place that the sequence does not have */
  async at(index: number, signal?: AbortSignal): Promise<T> {
    checkIndex(index, this.length);
    return this.#item(index, signal);
  }

  /** See `Sequence.slice`. */
  slice(start: number, end = this.length): AsyncSequence<T> {
    const length = sliceLength(start, end, this.length);
    return new AsyncSequence(length, (index, signal) => this.#item(start + index, signal));
  }

  /** See `Sequence.share`. */
  share(worker: number, workers: number): AsyncSequence<T> {
    const length = shareLength(worker, workers, this.length);
    return new AsyncSequence(length, (index, signal) => this.#item(worker + index * workers, signal));
  }
}

function checkIndex(index: number, length: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length)
    throw invalidOption('index', `${index} is not in a sequence of ${length}`, 'count from 0');
}

function sliceLength(start: number, end: number, length: number): number {
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end >= start && end <= length)
    return end - start;
  throw invalidOption('slice', `cannot be ${start} to ${end} of ${length} items`, 'count from 0');
}

function shareLength(worker: number, workers: number, length: number): number {
  if (
    Number.isInteger(workers) &&
    workers >= 1 &&
    Number.isInteger(worker) &&
    worker >= 0 &&
    worker < workers
  )
    return Math.max(0, Math.ceil((length - worker) / workers));
  throw invalidOption('share', `cannot be worker ${worker} of ${workers}`, 'count workers from 0');
}
