/**
 * The scene runner applies a model to a scene, one row of chips after the other. It holds the inputs under the current row
 * of chips and the predictions of the rows that overlap the next one. Memory depends on the scene's width, not its height.
 */
import { type ChipLayout, chipCover, type RowRange } from '../geo/index.js';
import type { Backend, DeviceTensor } from '../gpu/index.js';
import { onAbort } from '../io/abort.js';
import { softmax, stitch, uploadStitchLayout } from '../kernels/index.js';
import { ChipBatch } from './chip-batch.js';
import { channelsOf, type MapSpec } from './model-spec.js';
import type { ModelSession } from './session.js';
import { type SceneImage, SceneStrips, type Strip } from './strip.js';

/** A stage of the scene runner, for timings. */
export type Stage = 'read' | 'chips' | 'model' | 'stitch';

/** What the runner waits for: the next strip, or the previous rows to be taken. */
export type Wait = 'read' | 'write';

/** Counters of the scene runner. */
export interface RunnerCounters {
  chipsRun: number;
  chipsSkipped: number;
  batches: number;
  /** Valid pixels for which the model returned NaN or an infinity, and that have no value in the map. */
  notFinite: number;
}

/** Arguments of `runScene`. */
export interface RunnerOptions {
  backend: Backend;
  session: ModelSession<MapSpec>;
  images: readonly SceneImage[];
  layout: ChipLayout;
  /** Chips per batch. Batches are always full, so that a chip's result does not depend on other chips. */
  batchSize: number;
  /** The quantity that is averaged where chips overlap. */
  blend: 'probability' | 'logits';
  /** Chips with a smaller share of valid pixels are skipped; 0 skips only chips without valid pixels. */
  minChipValid: number;
  /** Receives finished rows as (class, row, x), top to bottom. Called again after it resolved. */
  onRows(start: number, rows: number, values: Float32Array): Promise<void>;
  /** Receives the duration of every step, in milliseconds. A strip is read, and rows are taken, during other steps. */
  onTime?(stage: Stage, milliseconds: number): void;
  /** Receives how many more chips were run, or skipped. */
  onChips?(count: number): void;
  /** Receives the milliseconds in which no other step could run. */
  onWait?(wait: Wait, milliseconds: number): void;
  signal?: AbortSignal;
}

/**
 * From this ratio of the model's time to that of cutting its chips on, chips are cut ahead of a model that runs whole
 * batches. On two cores, which the model and the cutting share, that made a map with the tiny TerraMind (ratio 15) 8 % faster, and one with `demo-flood` (ratio 2)
 * 20 % slower: its chips had left the cache before the model took them.
 */
const SLOW_MODEL = 5;

/** Batches under way where the model runs single chips in threads: no thread waits for the end of a batch. */
export const BATCHES_AT_ONCE = 2;

/** Runs the rows `range` of a scene. The result is byte for byte the same for any split of the scene into ranges. */
export async function runScene(options: RunnerOptions, range: RowRange): Promise<RunnerCounters> {
  const { backend, session, layout, batchSize, blend, minChipValid } = options;
  // When a step fails, the strip that is read ahead is aborted.
  const failed = new AbortController();
  const { signal } = failed;
  const leave = onAbort(options.signal, () => failed.abort(options.signal?.reason));
  const { spec } = session;
  const classes = channelsOf(spec.output);
  const columns = layout.columnStarts.length;
  const chipValues = classes * layout.size ** 2;
  /** Rows of chips whose predictions are held at a time. */
  const ring = ringRows(layout);
  const scene = uploadStitchLayout(backend, layout);
  const held = backend.allocate([ring * columns, classes, layout.size, layout.size], 'float32');
  const slots = new Int32Array(columns * layout.rowStarts.length).fill(-1);
  const strips = new SceneStrips(backend, spec, options.images, layout);
  const batches: ChipBatch[] = [];
  const atOnce = session.chipsAtOnce === null ? 1 : BATCHES_AT_ONCE;
  /** Whether the chips of the next batch are cut while the model runs. */
  let cutsAhead = atOnce > 1;
  const taken: Record<Stage, number> = { read: 0, chips: 0, model: 0, stitch: 0 };
  const counters: RunnerCounters = { chipsRun: 0, chipsSkipped: 0, batches: 0, notFinite: 0 };

  const timed = async <T>(stage: Stage, task: () => Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await task();
    const milliseconds = performance.now() - start;
    taken[stage] += milliseconds;
    options.onTime?.(stage, milliseconds);
    return result;
  };

  const calls = { active: 0, since: 0 };
  /** As `timed`, for calls of the model that overlap: the time in which at least one is under way. */
  const timedModel = async <T>(task: () => Promise<T>): Promise<T> => {
    if (calls.active++ === 0) calls.since = performance.now();
    try {
      return await task();
    } finally {
      if (--calls.active === 0) {
        const milliseconds = performance.now() - calls.since;
        taken.model += milliseconds;
        options.onTime?.('model', milliseconds);
      }
    }
  };
  const waited = async <T>(wait: Wait, task: Promise<T>): Promise<T> => {
    const start = performance.now();
    const result = await task;
    options.onWait?.(wait, performance.now() - start);
    return result;
  };

  const predictRow = async (chipRow: number, strip: Strip): Promise<void> => {
    const shares = await strip.validShares();
    const selected: number[] = [];
    for (const [column, share] of shares.entries()) {
      slots[chipRow * columns + column] = -1;
      if (share > 0 && share >= minChipValid) selected.push(column);
      else counters.chipsSkipped++;
    }
    options.onChips?.(columns - selected.length);
    const batchOf = (k: number): ChipBatch => {
      const index = (k / batchSize) % (cutsAhead ? atOnce + 1 : atOnce);
      batches[index] ??= new ChipBatch(backend, spec, batchSize);
      return batches[index];
    };
    /** Cuts the chips from `k` on. */
    const cut = async (k: number): Promise<void> => {
      if (k >= selected.length) return;
      await timed('chips', () => {
        batchOf(k).add(strip, selected.slice(k, k + batchSize));
        return backend.submit();
      });
    };
    const running: { readonly chips: readonly number[]; readonly answer: Promise<DeviceTensor> }[] = [];
    /** Takes the predictions of the batch that was started first. */
    const finish = async (): Promise<void> => {
      const [{ chips, answer }] = running;
      const predictions = await answer;
      running.shift();
      if (blend === 'probability' && session.takesSoftmax) softmax(backend, predictions);
      for (const [i, column] of chips.entries()) {
        const slot = (chipRow % ring) * columns + column;
        backend.copy(predictions, i * chipValues, held, slot * chipValues, chipValues);
        slots[chipRow * columns + column] = slot;
      }
      predictions.dispose();
      counters.chipsRun += chips.length;
      counters.batches++;
      options.onChips?.(chips.length);
    };
    try {
      cutting = cut(0);
      for (let k = 0; k < selected.length; k += batchSize) {
        await cutting;
        const answer = timedModel(() => batchOf(k).run(session, { finite: true }));
        running.push({ chips: selected.slice(k, k + batchSize), answer });
        if (!cutsAhead) await answer;
        cutting = cut(k + batchSize);
        // A failure is reported where it is awaited.
        for (const each of [cutting, answer]) each.catch(() => undefined);
        if (running.length === atOnce) await finish();
      }
      while (running.length > 0) await finish();
    } finally {
      // After a failure. The session must not be disposed of before.
      for (const answer of await Promise.allSettled(running.map((each) => each.answer))) {
        if (answer.status === 'fulfilled') answer.value.dispose();
      }
    }
  };

  const columnsOver = chipCover(layout.width, layout.size, layout.columnStarts);
  const rowsOver = chipCover(layout.height, layout.size, layout.rowStarts);
  const isCovered = (x: number, y: number): boolean => {
    for (let j = rowsOver.first[y]; j <= rowsOver.last[y]; j++) {
      for (let i = columnsOver.first[x]; i <= columnsOver.last[x]; i++) {
        if (slots[j * columns + i] >= 0) return true;
      }
    }
    return false;
  };

  /** Valid pixels in rows of the scene that a chip covers, but that have no value. */
  const countUnanswered = (
    values: Float32Array,
    mask: Uint8Array,
    own: RowRange,
    maskStart: number,
  ): number => {
    const { width } = layout;
    const length = (own.end - own.start) * width;
    const offset = (own.start - maskStart) * width;
    let count = 0;
    for (let k = 0; k < length; k++) {
      if (mask[offset + k] === 0) continue;
      let sum = 0;
      for (let c = 0; c < classes; c++) sum += values[c * length + k];
      if (Number.isNaN(sum) && isCovered(k % width, own.start + Math.floor(k / width))) count++;
    }
    return count;
  };

  const emit = async (rowStart: number, end: number, strip: Strip): Promise<void> => {
    const { mask, rows } = strip;
    const values = await timed('stitch', async () => {
      const places = backend.upload(slots);
      const output = backend.allocate([classes, end - rowStart, layout.width], 'float32');
      const maskRow = rows.start;
      stitch(backend, { predictions: held, scene, slots: places, mask, maskRow, output, rowStart });
      if (blend === 'logits' && session.takesSoftmax) softmax(backend, output, [1, ...output.shape]);
      const downloaded = await backend.download(output);
      places.dispose();
      output.dispose();
      return downloaded;
    });
    counters.notFinite += countUnanswered(
      values,
      await strip.validPixels(),
      { start: rowStart, end },
      strip.rows.start,
    );
    await waited('write', writing);
    writing = options.onRows(rowStart, end - rowStart, values);
    // A failure is reported where it is awaited.
    writing.catch(() => undefined);
  };

  /** The strip under a row of chips, while the one below it is read ahead. */
  const stripUnder = async (chipRow: number, last: number): Promise<Strip> => {
    const strip = await waited('read', strips.under(chipRow, signal));
    if (chipRow < last) readAhead(chipRow + 1);
    return strip;
  };
  const readAhead = (chipRow: number): void => {
    const start = performance.now();
    strips.readAhead(chipRow, signal, () => options.onTime?.('read', performance.now() - start));
  };

  let writing: Promise<void> = Promise.resolve();
  let cutting: Promise<void> = Promise.resolve();
  try {
    const last = rowsOver.last[range.end - 1];
    let done = range.start;
    readAhead(rowsOver.first[range.start]);
    for (let chipRow = rowsOver.first[range.start]; chipRow <= last; chipRow++) {
      signal.throwIfAborted();
      const strip = await stripUnder(chipRow, last);
      await predictRow(chipRow, strip);
      cutsAhead ||= taken.model > SLOW_MODEL * taken.chips;
      const end = chipRow === last ? range.end : Math.min(range.end, layout.rowStarts[chipRow + 1]);
      if (end > done) await emit(done, end, strip);
      done = Math.max(done, end);
    }
    await waited('write', writing);
    return counters;
  } catch (error) {
    failed.abort(error);
    throw error;
  } finally {
    leave();
    await Promise.allSettled([writing, cutting, strips.close()]);
    for (const each of [...batches, scene, held]) each.dispose();
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
