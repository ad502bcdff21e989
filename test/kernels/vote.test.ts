import { describe, expect, it } from 'vitest';
import { createChipLayout } from '../../src/geo/index.js';
import { type Backend, CpuBackend } from '../../src/gpu/index.js';
import { argmax, countVotes, uploadStitchLayout, vote } from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues } from '../support/random.js';

const NaNs = [Number.NaN, Number.NaN];

/** 37 × 29 with chips of 16 every 5: many chips cover a pixel. */
const scene = { width: 37, height: 29, size: 16, stride: 5, classes: 3 };
const layout = createChipLayout(scene.width, scene.height, scene.size, scene.stride);
const columns = layout.columnStarts.length;
const chips = columns * layout.rowStarts.length;
const pixels = scene.width * scene.height;
const predictions = randomValues(31, chips * scene.classes * scene.size ** 2, 0, 1, 0.02);
const mask = Uint8Array.from(randomValues(32, pixels), (v) => (v < 0.1 ? 0 : 1));
const missing = [0, 1, 2, columns, 9];

interface Case {
  width: number;
  height: number;
  size: number;
  stride: number;
  classes: number;
  predictions: Float32Array;
  mask?: Uint8Array;
  missing?: number[];
  nodata?: number;
}

async function voteOn(
  backend: Backend,
  kind: 'hard' | 'soft',
  options: Case,
): Promise<{ labels: Uint8Array; scores: Float32Array }> {
  const { width, height, size, stride, classes } = options;
  const chipLayout = createChipLayout(width, height, size, stride);
  const count = chipLayout.columnStarts.length * chipLayout.rowStarts.length;
  const stitchLayout = uploadStitchLayout(backend, chipLayout);
  const tensors = {
    predictions: backend.upload(options.predictions, [count, classes, size, size]),
    slots: backend.upload(
      Int32Array.from({ length: count }, (_, k) => (options.missing?.includes(k) ? -1 : k)),
    ),
    mask: backend.upload(options.mask ?? new Uint8Array(width * height).fill(1), [height, width]),
    output: backend.allocate([classes, height, width], 'float32'),
    labels: backend.allocate([height, width], 'uint8'),
  };
  const { nodata } = options;
  vote(backend, {
    ...tensors,
    scene: stitchLayout,
    maskRow: 0,
    rowStart: 0,
    vote: kind,
    ...(nodata === undefined ? {} : { nodata }),
  });
  const labels = (await backend.download(tensors.labels)) as Uint8Array;
  const scores = (await backend.download(tensors.output)) as Float32Array;
  for (const tensor of [...Object.values(tensors), stitchLayout]) tensor.dispose();
  return { labels, scores };
}

/** The definition: all chips, with trigonometric windows. */
function reference(kind: 'hard' | 'soft'): Float64Array {
  const { width, size, stride, classes } = scene;
  const overlap = size - stride;
  const taper = (i: number): number =>
    i < overlap ? Math.sin((Math.PI / 2) * ((i + 0.5) / overlap)) ** 2 : 1;
  const window = (k: number, count: number, i: number): number =>
    (k > 0 ? taper(i) : 1) * (k + 1 < count ? taper(size - 1 - i) : 1);
  const scores = new Float64Array(classes * pixels).fill(Number.NaN);
  for (let pixel = 0; pixel < pixels; pixel++) {
    if (mask[pixel] === 0) continue;
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const sums = new Array<number>(classes).fill(0);
    const totals = new Array<number>(classes).fill(0);
    for (let chip = 0; chip < chips; chip++) {
      const [i, j] = [chip % columns, Math.floor(chip / columns)];
      const [dx, dy] = [x - layout.columnStarts[i], y - layout.rowStarts[j]];
      if (dx < 0 || dy < 0 || dx >= size || dy >= size || missing.includes(chip)) continue;
      const values = sums.map((_, c) => predictions[((chip * classes + c) * size + dy) * size + dx]);
      if (kind === 'hard') {
        if (!values.every(Number.isFinite)) continue;
        sums[values.indexOf(Math.max(...values))]++;
        totals.fill(1);
      } else {
        const weight = window(i, columns, dx) * window(j, layout.rowStarts.length, dy);
        for (const [c, value] of values.entries()) {
          if (!Number.isFinite(value)) continue;
          sums[c] += weight * value;
          totals[c] += weight;
        }
      }
    }
    for (let c = 0; c < classes; c++) {
      if (totals[c] > 0) scores[c * pixels + pixel] = sums[c] / totals[c];
    }
  }
  return scores;
}

function winners(scores: ArrayLike<number>): number[] {
  return Array.from({ length: pixels }, (_, pixel) => {
    const own = Array.from({ length: scene.classes }, (_, c) => scores[c * pixels + pixel]);
    return own.every(Number.isFinite) ? own.indexOf(Math.max(...own)) : 255;
  });
}

describeBackends('vote', (backend) => {
  it('geopatcher TestSpatialHardVote test_majority, by hand: three chips over a pixel', async () => {
    // Chips of 3 every 1 on a row of 5: all three cover the middle pixel. Two have a low score for class 1, one a high
    // score for class 0: a hard vote counts chips, a soft vote sums scores.
    const chip = (first: number): number[] => [...new Array(9).fill(first), ...new Array(9).fill(1 - first)];
    const options = {
      width: 5,
      height: 3,
      size: 3,
      stride: 1,
      classes: 2,
      predictions: Float32Array.from([...chip(0.45), ...chip(0.45), ...chip(0.95)]),
    };
    const hard = await voteOn(backend(), 'hard', options);
    expect([...hard.labels.subarray(0, 5)]).toEqual([1, 1, 1, 0, 0]);
    expect([...hard.scores.subarray(0, 5)]).toEqual([0, 0, 1, 1, 1]);
    expect([...hard.scores.subarray(15, 20)]).toEqual([1, 2, 2, 1, 0]);
    const soft = await voteOn(backend(), 'soft', options);
    expect([...soft.labels.subarray(0, 5)]).toEqual([1, 1, 0, 0, 0]);
    expect(soft.scores[1]).toBeCloseTo(0.45, 6);
  });

  it('the lowest class wins ties, within a chip and among chips', async () => {
    // Chips of 1 on a row of 2, one tied and one for the last class; then two chips over one pixel, one vote each.
    const row = { width: 2, height: 1, size: 1, stride: 1, classes: 3 };
    const undecided = Float32Array.from([0.4, 0.4, 0.2, 0.2, 0.2, 0.6]);
    const { labels, scores } = await voteOn(backend(), 'hard', { ...row, predictions: undecided });
    expect([...labels]).toEqual([0, 2]);
    expect([...scores]).toEqual([1, 0, 0, 0, 0, 1]);
    const pair = { width: 3, height: 2, size: 2, stride: 1, classes: 2 };
    const predictions = Float32Array.from([0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]);
    expect([...(await voteOn(backend(), 'hard', { ...pair, predictions })).labels]).toEqual([
      1, 0, 0, 1, 0, 0,
    ]);
  });

  it('hard votes are equal to the definition', async () => {
    const { labels, scores } = await voteOn(backend(), 'hard', { ...scene, predictions, mask, missing });
    expect(scores).toBeCloseToArray(reference('hard'));
    expect([...labels]).toEqual(winners(reference('hard')));
    expect(labels).toContain(255);
  });

  it('soft votes are equal to the definition where scores differ', async () => {
    const options = { ...scene, predictions, mask, missing, nodata: 9 };
    const { labels, scores } = await voteOn(backend(), 'soft', options);
    const expected = reference('soft');
    expect(scores).toBeCloseToArray(expected, 1e-6);
    const classes = winners(expected);
    for (let pixel = 0; pixel < pixels; pixel++) {
      const own = [0, 1, 2].map((c) => expected[c * pixels + pixel]).sort((a, b) => b - a);
      const close = own[0] - own[1] < 2e-6;
      if (!close) expect(labels[pixel]).toBe(classes[pixel] === 255 ? 9 : classes[pixel]);
    }
  });

  it('gives nodata without votes, never 0', async () => {
    const all = Array.from({ length: chips }, (_, k) => k);
    const { labels, scores } = await voteOn(backend(), 'hard', { ...scene, predictions, missing: all });
    expect(scores.every(Number.isNaN)).toBe(true);
    expect(labels.every((label) => label === 255)).toBe(true);
  });

  it('argmax takes the lowest tied class, and gives nodata for a score that is not finite', async () => {
    const scores = backend().upload(
      Float32Array.from([0.5, -3, 1, ...NaNs, 0.5, -2, Infinity, 1, 2, 0.1, -2, 0, 0, 1]),
      [3, 5],
    );
    const labels = backend().allocate([5], 'uint8');
    argmax(backend(), { scores, labels });
    expect([...((await backend().download(labels)) as Uint8Array)]).toEqual([0, 1, 255, 255, 255]);
    expect(() => argmax(backend(), { scores, labels, nodata: 2 })).toThrow(
      /nodata cannot be 2; give .* 3 to 255/,
    );
    expect(() => argmax(backend(), { scores, labels: scores })).toThrow(/argmax/);
    const short = backend().allocate([4], 'uint8');
    expect(() => argmax(backend(), { scores, labels: short })).toThrow(/do not fit; give one label a pixel/);
    for (const tensor of [scores, labels, short]) tensor.dispose();
  });

  it('refuses tensors of another type', () => {
    const stitchLayout = uploadStitchLayout(backend(), layout);
    const bytes = backend().allocate([chips], 'uint8');
    const options = { predictions: bytes, slots: bytes, mask: bytes, output: bytes, maskRow: 0, rowStart: 0 };
    expect(() => countVotes(backend(), { ...options, scene: stitchLayout })).toThrow(
      /kernel "votes" was given a predictions of the wrong type, uint8/,
    );
    for (const tensor of [stitchLayout, bytes]) tensor.dispose();
  });
});

describe.skipIf(webgpuProblem !== null)('vote (cpu and webgpu)', () => {
  it('hard votes are equal', async () => {
    const cpu = new CpuBackend();
    const options = { ...scene, predictions, mask, missing };
    const [found, expected] = [
      await voteOn(sharedWebGpu(), 'hard', options),
      await voteOn(cpu, 'hard', options),
    ];
    expect(found.scores).toBeCloseToArray(expected.scores);
    expect(found.labels).toEqual(expected.labels);
    cpu.dispose();
  });
});
