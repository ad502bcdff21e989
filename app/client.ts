/** Sends requests to the page's workers. */

import type { MapTile, MapTileOptions, PixelAt } from 'terrachip/raster';
import type { TileSource } from '../src/page/tiles/index.js';
import type { EngineInfo, LayerPlace, Message, OperationName, Operations, Reply } from './protocol.js';

/** Limit on workers without a GPU: each caches its own blocks of a file. */
const MOST_WORKERS = 4;

interface Question {
  resolve(answer: unknown): void;
  reject(error: Error): void;
  onProgress?: (share: number) => void;
}

/** Options of a request. */
export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (share: number) => void;
  /** Memory to transfer. */
  readonly transfer?: readonly ArrayBuffer[];
}

class Thread {
  readonly questions = new Map<number, Question>();
  readonly #worker = new Worker(new URL('worker.js', document.baseURI), { type: 'module' });
  #count = 0;

  constructor() {
    this.#worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => this.#receive(data));
    this.#worker.addEventListener('error', ({ message }) => {
      const error = new Error(`a worker of the page failed (${message}); load the page again.`);
      for (const { reject } of this.questions.values()) reject(error);
      this.questions.clear();
    });
  }

  ask(
    name: OperationName,
    request: unknown,
    { signal, onProgress, transfer = [] }: AskOptions,
  ): Promise<unknown> {
    signal?.throwIfAborted();
    const id = this.#count++;
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#send({ id, cancel: true });
        this.questions.delete(id);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', cancel, { once: true });
      const settled =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', cancel);
          then(value);
        };
      this.questions.set(id, { resolve: settled(resolve), reject: settled(reject), onProgress });
      this.#send({ id, name, request }, transfer);
    });
  }

  #send(message: Message, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, [...transfer]);
  }

  #receive(reply: Reply): void {
    const question = this.questions.get(reply.id);
    if (reply.kind === 'progress') {
      question?.onProgress?.(reply.share);
      return;
    }
    this.questions.delete(reply.id);
    if (reply.kind === 'answer') question?.resolve(reply.answer);
    else question?.reject(new Error(reply.message));
  }
}

/** The workers: one with a GPU, else several that share the rows. */
export class Engine {
  private constructor(
    readonly info: EngineInfo,
    readonly workers: readonly Thread[],
  ) {}

  /** @param device `cpu` leaves a GPU unused */
  static async start(device: 'auto' | 'cpu'): Promise<Engine> {
    const first = new Thread();
    const info = (await first.ask('start', { device }, {})) as EngineInfo;
    if (info.kind === 'webgpu') return new Engine(info, [first]);
    const count = Math.min(MOST_WORKERS, Math.max(2, navigator.hardwareConcurrency - 1));
    return new Engine(info, [first, ...Array.from({ length: count - 1 }, () => new Thread())]);
  }

  /** Sends a request to the worker with the fewest pending ones. */
  async ask<Name extends OperationName>(
    name: Name,
    request: Operations[Name]['request'],
    options: AskOptions = {},
  ): Promise<Operations[Name]['answer']> {
    const [thread] = [...this.workers].sort((a, b) => a.questions.size - b.questions.size);
    return (await thread.ask(name, request, options)) as Operations[Name]['answer'];
  }

  /** Closes a layer in all workers. */
  async close(id: number): Promise<void> {
    await Promise.all(this.workers.map((thread) => thread.ask('close', { id }, {})));
  }

  /** The tiles of a layer, warped by the workers. */
  tilesOf(layer: LayerPlace, allBands: readonly number[]): TileSource {
    return {
      read: (tile: MapTile, { bands = allBands, resampling = 'nearest', signal }: MapTileOptions = {}) =>
        this.ask('tile', { layer, tile, bands, resampling }, { signal }),
      valueAt: (
        longitude: number,
        latitude: number,
        bands: readonly number[] = allBands,
        signal?: AbortSignal,
      ): Promise<PixelAt | null> => this.ask('value', { layer, longitude, latitude, bands }, { signal }),
    };
  }
}
