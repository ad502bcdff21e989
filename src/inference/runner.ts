/**
 * The scene runner applies a model to a scene, one row of chips after the other. It holds the inputs under the current row
 * of chips and the predictions of the rows that overlap the next one. Memory depends on the scene's width, not its height.
 */
import { type ChipLayout, chipCover, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { type StitchLayout, softmax, stitch, uploadStitchLayout } from '../kernels/index.js';
import { ChipBatch } from './chip-batch.js';
import type { SegmentationSpec } from './model-spec.js';
import type { ModelSession } from './session.js';
import { type SceneImage, SceneStrips, type Strip } from './strip.js';

/** A stage of the scene runner, for timings. */
export type Stage = 'read' | 'chips' | 'model' | 'stitch';

/** Counters of the scene runner. */
export interface RunnerCounters {
  chipsRun: number;
  chipsSkipped: number;
  batches: number;
}

/** Arguments of `runScene`. */
export interface RunnerOptions {
  backend: Backend;
  session: ModelSession<SegmentationSpec>;
  images: readonly SceneImage[];
  layout: ChipLayout;
  /** Chips per batch. Batches are always full, so that a chip's result does not depend on other chips. */
  batchSize: number;
  /** The quantity that is averaged where chips overlap. */
  blend: 'probability' | 'logits';
  /** Chips with a smaller share of valid pixels are skipped; 0 skips only chips without valid pixels. */
  minChipValid: number;
  /** Receives finished rows as (class, row, x), top to bottom. */
  onRows(start: number, rows: number, values: Float32Array): Promise<void>;
  /** Receives the duration of every step, in milliseconds. */
  onTime?(stage: Stage, milliseconds: number): void;
  signal?: AbortSignal;
}

/** Runs the rows `range` of a scene. The result is byte for byte the same for any split of the scene into ranges. */
export async function runScene(options: RunnerOptions, range: RowRange): Promise<RunnerCounters> {
  const runner = new SceneRunner(options, range);
  try {
    return await runner.run();
  } finally {
    runner.dispose();
  }
}

class SceneRunner {
  readonly #options: RunnerOptions;
  readonly #range: RowRange;
  readonly #scene: StitchLayout;
  readonly #classes: number;
  /** Rows of chips whose predictions are held at a time. */
  readonly #ringRows: number;
  readonly #predictions: DeviceTensor;
  readonly #slots: Int32Array;
  readonly #strips: SceneStrips;
  readonly #batch: ChipBatch;
  readonly #counters: RunnerCounters = { chipsRun: 0, chipsSkipped: 0, batches: 0 };

  constructor(options: RunnerOptions, range: RowRange) {
    const { backend, layout, session, images, batchSize } = options;
    const { spec } = session;
    this.#options = options;
    this.#range = range;
    this.#classes = spec.output.classes.length;
    this.#ringRows = ringRows(layout);
    this.#scene = uploadStitchLayout(backend, layout);
    this.#predictions = backend.allocate(
      [this.#ringRows * layout.columnStarts.length, this.#classes, layout.size, layout.size],
      'float32',
    );
    this.#slots = new Int32Array(layout.columnStarts.length * layout.rowStarts.length).fill(-1);
    this.#strips = new SceneStrips(backend, spec, images, layout);
    this.#batch = new ChipBatch(backend, spec, batchSize);
  }

  async run(): Promise<RunnerCounters> {
    const { layout } = this.#options;
    const cover = chipCover(layout.height, layout.size, layout.rowStarts);
    const first = cover.first[this.#range.start];
    const last = cover.last[this.#range.end - 1];
    let done = this.#range.start;
    for (let chipRow = first; chipRow <= last; chipRow++) {
      const { signal } = this.#options;
      signal?.throwIfAborted();
      const strip = await this.#timed('read', () => this.#strips.under(chipRow, signal));
      await this.#predictRow(chipRow, strip);
      const end =
        chipRow === last ? this.#range.end : Math.min(this.#range.end, layout.rowStarts[chipRow + 1]);
      if (end > done) {
        await this.#emit(done, end, strip);
        done = end;
      }
    }
    return this.#counters;
  }

  dispose(): void {
    this.#strips.dispose();
    this.#batch.dispose();
    this.#scene.dispose();
    this.#predictions.dispose();
  }

  async #predictRow(chipRow: number, strip: Strip): Promise<void> {
    const { backend, layout, batchSize, minChipValid, blend, session } = this.#options;
    const columns = layout.columnStarts.length;
    const shares = await strip.validShares();
    const selected: number[] = [];
    for (const [column, share] of shares.entries()) {
      this.#slots[chipRow * columns + column] = -1;
      if (share > 0 && share >= minChipValid) selected.push(column);
      else this.#counters.chipsSkipped++;
    }
    const chipValues = this.#classes * layout.size ** 2;
    for (let k = 0; k < selected.length; k += batchSize) {
      const batch = selected.slice(k, k + batchSize);
      await this.#timed('chips', () => {
        this.#batch.add(strip, batch);
        return backend.submit();
      });
      const predictions = await this.#timed('model', () => this.#batch.run(session, { finite: true }));
      if (blend === 'probability' && session.takesSoftmax) softmax(backend, predictions);
      for (const [i, column] of batch.entries()) {
        const slot = (chipRow % this.#ringRows) * columns + column;
        backend.copy(predictions, i * chipValues, this.#predictions, slot * chipValues, chipValues);
        this.#slots[chipRow * columns + column] = slot;
      }
      predictions.dispose();
      this.#counters.chipsRun += batch.length;
      this.#counters.batches++;
    }
  }

  async #emit(start: number, end: number, strip: Strip): Promise<void> {
    const { backend, layout, blend, session, onRows } = this.#options;
    const rows = end - start;
    const values = await this.#timed('stitch', async () => {
      const slots = backend.upload(this.#slots);
      const output = backend.allocate([this.#classes, rows, layout.width], 'float32');
      stitch(backend, {
        predictions: this.#predictions,
        scene: this.#scene,
        slots,
        mask: strip.mask,
        maskRow: strip.rows.start,
        output,
        rowStart: start,
      });
      if (blend === 'logits' && session.takesSoftmax) softmax(backend, output, [1, ...output.shape]);
      const downloaded = await backend.download(output);
      slots.dispose();
      output.dispose();
      return downloaded;
    });
    await onRows(start, rows, values);
  }

  async #timed<T>(stage: Stage, task: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await task();
    this.#options.onTime?.(stage, performance.now() - start);
    return result;
  }
}

/** The largest number of rows of chips that cover one row of the scene. */
function ringRows(layout: ChipLayout): number {
  let most = 1;
  for (const [k, start] of layout.rowStarts.entries()) {
    let first = k;
    while (first > 0 && layout.rowStarts[first - 1] + layout.size > start) first--;
    most = Math.max(most, k - first + 1);
  }
  return most;
}
