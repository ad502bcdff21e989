import { describe, expect, it } from 'vitest';
import { CpuBackend } from '../../src/gpu/index.js';
import {
  type Answer,
  adaptAnswer,
  arrangeChips,
  isPlainAnswer,
  isPlainInput,
  refuseProbabilities,
  takesSoftmax,
} from '../../src/inference/layout.js';
import type { ModelGraph } from '../../src/inference/model-graph.js';
import {
  INPUT_LAYOUTS,
  type InputLayout,
  type RegressionSpec,
  type SegmentationSpec,
} from '../../src/inference/model-spec.js';
import { ModelSession } from '../../src/inference/session.js';

type Output = Partial<SegmentationSpec['output']>;

/** A model of chips of 2 × 2 pixels with bands a, b, c at two dates; classes by number. */
function specOf(
  classes: number,
  output: Output = {},
  { size = 2, layout }: { size?: number; layout?: InputLayout } = {},
) {
  const bands = ['a', 'b', 'c'];
  const spec: SegmentationSpec = {
    schemaVersion: 1,
    name: 'm',
    version: '1',
    description: '',
    licence: '',
    limitations: '',
    provenance: {},
    inputs: [
      {
        name: 'x',
        bands,
        units: 'm',
        kind: 'temporal',
        mean: [0, 0, 0],
        std: [1, 1, 1],
        nodataReplacement: 0,
        layout,
      },
    ],
    phases: ['before', 'after'],
    validity: 'all',
    chip: { size, stride: size },
    output: {
      name: 'y',
      classes: Array.from({ length: classes }, (_, k) => ({ name: `c${k}`, colour: '#000000' })),
      ...output,
    },
  };
  return spec;
}

/** The first image of a graph's output for `batch` chips. */
function adapted(
  spec: SegmentationSpec | RegressionSpec,
  values: readonly number[],
  shape: readonly number[],
  whole = false,
): number[] {
  return [...adaptAnswer(spec, shape[0], { values: Float32Array.from(values), shape, whole })];
}

describe('chips in the layout of a graph', () => {
  /** The value of band c at date t in pixel p of chip n: one digit for each. */
  const value = (n: number, c: number, t: number, p: number) => 1000 * n + 100 * c + 10 * t + p;
  const counts = { n: 2, c: 3, t: 2, p: 4 };
  /** Values with the axes in an order, the slowest first. */
  function inOrder(...axes: ('n' | 'c' | 't' | 'p')[]): number[] {
    const all: number[] = [];
    const walk = (at: Record<string, number>, [axis, ...rest]: typeof axes): void => {
      if (axis === undefined) all.push(value(at.n, at.c, at.t, at.p));
      else for (let k = 0; k < counts[axis]; k++) walk({ ...at, [axis]: k }, rest);
    };
    walk({}, axes);
    return all;
  }
  const chips = Float32Array.from(inOrder('n', 'c', 't', 'p'));

  const orders: Record<InputLayout, Parameters<typeof inOrder>> = {
    NCHW: ['n', 't', 'c', 'p'],
    NHWC: ['n', 'p', 't', 'c'],
    NCTHW: ['n', 'c', 't', 'p'],
    NTCHW: ['n', 't', 'c', 'p'],
    NTHWC: ['n', 't', 'p', 'c'],
  };
  it.each(INPUT_LAYOUTS)('arranges two dates as %s', (layout) => {
    const spec = specOf(2, {}, { layout });
    expect([...arrangeChips(chips, spec, spec.inputs[0])]).toEqual(inOrder(...orders[layout]));
  });

  it('stacks dates among the channels, date by date', () => {
    const spec = specOf(2, {}, { layout: 'NHWC' });
    // Pixel 0 of chip 0: bands a, b, c before, then after.
    expect([...arrangeChips(chips, spec, spec.inputs[0])].slice(0, 6)).toEqual([0, 100, 200, 10, 110, 210]);
  });

  it.each([
    [1, ['NCHW', 'NCTHW']],
    [2, ['NCTHW']],
  ] as const)('with %i dates, passes on %s unchanged', (dates, plain) => {
    for (const layout of INPUT_LAYOUTS) {
      const spec = { ...specOf(2, {}, { layout }), phases: ['before', 'after'].slice(0, dates) };
      const isPlain = isPlainInput(spec, spec.inputs[0]);
      expect(isPlain, layout).toBe((plain as readonly string[]).includes(layout));
      const { inputs } = spec;
      const same = arrangeChips(chips, spec, inputs[0]).join() === chips.join();
      // NTCHW with a single date has the same order too, but is copied.
      expect(same, layout).toBe(isPlain || (dates === 1 && layout === 'NTCHW'));
    }
  });
});

describe('outputs of one channel', () => {
  const two = [1, -2, 3, -4];
  it.each([
    ['NCHW', [1, 1, 2, 2]],
    ['NHWC', [1, 2, 2, 1]],
    ['NHW', [1, 2, 2]],
  ] as const)('takes a logit in %s as that of the second class', (layout, shape) => {
    for (const activation of [undefined, 'sigmoid'] as const) {
      const spec = specOf(2, { layout, activation });
      // softmax(0, z) = sigmoid(z).
      expect(adapted(spec, two, shape)).toEqual([0, 0, 0, 0, ...two]);
      expect(takesSoftmax(spec, false)).toBe(true);
    }
  });

  it('finds a missing axis by itself', () => {
    expect(adapted(specOf(2), two, [1, 2, 2])).toEqual([0, 0, 0, 0, ...two]);
  });

  it('takes a probability as that of the second class', () => {
    const spec = specOf(2, { activation: 'none' });
    expect(adapted(spec, [0, 0.25, 0.5, 1], [1, 1, 2, 2])).toEqual([1, 0.75, 0.5, 0, 0, 0.25, 0.5, 1]);
    expect(takesSoftmax(spec, false)).toBe(false);
  });

  it('keeps chips of a batch apart', () => {
    const values = adapted(specOf(2), [1, 2, 3, 4, 5, 6, 7, 8], [2, 1, 2, 2]);
    expect(values).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8]);
  });

  it('refuses one channel for three classes, and softmax over one', () => {
    expect(() => adapted(specOf(3), two, [1, 1, 2, 2])).toThrow(
      /^m returns one channel for 3 classes, which softmax cannot tell apart; name two classes/,
    );
    expect(() => adapted(specOf(2, { activation: 'softmax' }), two, [1, 1, 2, 2])).toThrow(/softmax/);
  });

  it('refuses one channel for several labels', () => {
    expect(() => adapted(specOf(2, { task: 'multilabel' }), two, [1, 1, 2, 2])).toThrow(
      /^m returns the shape \(1, 1, 2, 2\), not \(1, 2, y, x\)/,
    );
  });

  it('returns a quantity unchanged', () => {
    const spec: RegressionSpec = {
      ...specOf(2),
      output: { name: 'y', task: 'regression', values: [{ name: 'height' }] },
    };
    expect(adapted(spec, two, [1, 2, 2])).toEqual(two);
    expect(isPlainAnswer(spec, 1, { shape: [1, 1, 2, 2], whole: false })).toBe(true);
    expect(takesSoftmax(spec, false)).toBe(false);
  });
});

describe('outputs of several channels', () => {
  it('turns channels-last into planes', () => {
    const spec = specOf(3, { layout: 'NHWC' });
    const values = [1, 10, 100, 2, 20, 200, 3, 30, 300, 4, 40, 400];
    expect(adapted(spec, values, [1, 2, 2, 3])).toEqual([1, 2, 3, 4, 10, 20, 30, 40, 100, 200, 300, 400]);
  });

  it('distinguishes channels-last from planes when the lengths are equal', () => {
    const shape = [1, 2, 2, 2];
    expect(isPlainAnswer(specOf(2, { layout: 'NHWC' }), 1, { shape, whole: false })).toBe(false);
    expect(isPlainAnswer(specOf(2), 1, { shape, whole: false })).toBe(true);
    expect(adapted(specOf(2, { layout: 'NHWC' }), [1, 5, 2, 6, 3, 7, 4, 8], shape)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8,
    ]);
  });

  it('applies a sigmoid to each of several labels', () => {
    const spec = specOf(2, { task: 'multilabel' });
    const values = [0, Math.log(3), -Math.log(3), 0, 100, -100, 0, Math.log(9)];
    // 1 / (1 + exp(−ln 3)) = 3/4.
    expect(adapted(spec, values, [1, 2, 2, 2])).toBeCloseToArray(
      [0.5, 0.75, 0.25, 0.5, 1, 0, 0.5, 0.9],
      1e-6,
    );
    expect(takesSoftmax(spec, false)).toBe(false);
  });

  it('leaves probabilities of labels unchanged', () => {
    const spec = specOf(2, { task: 'multilabel', activation: 'none' });
    expect(isPlainAnswer(spec, 1, { shape: [1, 2, 2, 2], whole: false })).toBe(true);
  });

  it('refuses a sigmoid for classes that exclude each other, and a softmax for labels that do not', () => {
    const shape = [1, 2, 2, 2];
    for (const output of [
      { activation: 'sigmoid' },
      { task: 'multilabel', activation: 'softmax' },
    ] as const) {
      const spec = specOf(2, output);
      expect(isPlainAnswer(spec, 1, { shape, whole: false })).toBe(false);
      expect(() => adapted(spec, new Array(8).fill(1), shape)).toThrow(/set `output\.(task|activation)`/);
    }
  });

  it.each([
    ['too few classes', [1, 2, 2, 2]],
    ['a rectangle', [1, 3, 2, 1]],
    ['another batch', [2, 3, 2, 2]],
    ['no fraction of the side', [1, 3, 3, 3]],
    ['no image', [1, 3]],
  ])('refuses %s', (_, shape) => {
    const answer = { values: new Float32Array(100), shape, whole: false };
    expect(() => adaptAnswer(specOf(3), 1, answer)).toThrow(
      /^m returns the shape \(.*\), not \(1, 3, y, x\)/,
    );
  });
});

describe('outputs of whole numbers', () => {
  it.each([
    ['without an axis', [1, 2, 2]],
    ['with an axis', [1, 1, 2, 2]],
  ])('makes probabilities 0 and 1 of classes, %s', (_, shape) => {
    const spec = specOf(3);
    expect(adapted(spec, [0, 2, 1, 2], shape, true)).toEqual([1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1]);
    expect(takesSoftmax(spec, true)).toBe(false);
  });

  it('repeats classes of half the side, since they cannot be interpolated', () => {
    const spec = specOf(2, {}, { size: 4 });
    const values = adapted(spec, [0, 1, 1, 0], [1, 2, 2], true);
    expect(values.slice(16)).toEqual([0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0]);
  });

  it('takes a channel of 0 and 1 for each class or label unchanged', () => {
    const values = [0, 1, 1, 0, 1, 0, 0, 1];
    for (const task of ['segmentation', 'multilabel'] as const) {
      expect(adapted(specOf(2, { task }), values, [1, 2, 2, 2], true)).toEqual(values);
    }
    expect(() => adapted(specOf(2), [255, 0, 0, 0, 0, 0, 0, 0], [1, 2, 2, 2], true)).toThrow(
      /^m returns whole numbers for each class, such as 255, which are no probabilities/,
    );
  });

  it('refuses a class without a name', () => {
    expect(() => adapted(specOf(2), [0, 1, 2, 0], [1, 2, 2], true)).toThrow(
      /^m returns the class 2, but has the classes 0 to 1/,
    );
  });
});

describe('outputs at a fraction of the side', () => {
  /** Bilinear with aligned pixel centres, by the definition: the weight of a pixel decreases to 0 at its neighbours. */
  function enlarge(plane: readonly number[], side: number, size: number): number[] {
    const place = (k: number) => Math.min(side - 1, Math.max(0, ((k + 0.5) * side) / size - 0.5));
    const hat = (distance: number) => Math.max(0, 1 - Math.abs(distance));
    return Array.from({ length: size * size }, (_, pixel) => {
      const [y, x] = [place(Math.floor(pixel / size)), place(pixel % size)];
      return plane.reduce(
        (sum, value, k) => sum + value * hat(y - Math.floor(k / side)) * hat(x - (k % side)),
        0,
      );
    });
  }

  it('enlarges by hand-computed weights', () => {
    // Centres of the four columns are at −1/4, 1/4, 3/4 and 5/4, in pixels of the two.
    const row = [0, 1, 3, 4];
    const spec = specOf(2, {}, { size: 4 });
    expect(adapted(spec, [0, 4, 0, 4], [1, 1, 2, 2]).slice(16)).toEqual([...row, ...row, ...row, ...row]);
  });

  it.each([
    [2, 'NCHW'],
    [4, 'NCHW'],
    [8, 'NCHW'],
    [4, 'NHWC'],
  ] as const)('enlarges H/%i in %s as the definition says', (part, layout) => {
    const [size, classes, chips] = [16, 3, 2];
    const side = size / part;
    const plane = (n: number, c: number) =>
      Array.from({ length: side * side }, (_, k) => Math.sin(7 * k + 3 * c + 11 * n));
    const expected: number[] = [];
    const values: number[] = [];
    for (let n = 0; n < chips; n++) {
      const planes = Array.from({ length: classes }, (_, c) => plane(n, c));
      for (const each of planes) expected.push(...enlarge(each, side, size));
      if (layout === 'NCHW') values.push(...planes.flat());
      else for (let k = 0; k < side * side; k++) values.push(...planes.map((each) => each[k]));
    }
    const shape = layout === 'NCHW' ? [chips, classes, side, side] : [chips, side, side, classes];
    const found = adapted(specOf(classes, { layout }, { size }), values, shape);
    expect(found).toBeCloseToArray(expected, 1e-6);
  });

  it('enlarges logits, not probabilities', () => {
    const spec = specOf(2, { task: 'multilabel' }, { size: 4 });
    const [first, second] = adapted(spec, [0, 4, 0, 4, 0, 0, 0, 0], [1, 2, 2, 2]);
    expect(first).toBe(0.5);
    expect(second).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
  });
});

describe('probabilities where softmax would be applied', () => {
  const refuse =
    (spec: SegmentationSpec, values: readonly number[], isOne = false) =>
    () =>
      refuseProbabilities(spec, Float32Array.from(values), isOne);

  it('are refused when they sum to 1', () => {
    expect(refuse(specOf(2), [0.2, 0, 1, 0.5, 0.8, 1, 0, 0.5])).toThrow(
      /^m returns values from 0 to 1 that sum to 1 over the classes: they are probabilities already; set `output\.activation` to "none" in model\.json\.$/,
    );
  });

  it('are refused in one channel', () => {
    expect(refuse(specOf(2), [0, 0, 0, 0, 0.2, 0.9, 0, 1], true)).toThrow(
      /^m returns values from 0 to 1: they/,
    );
  });

  it.each([
    ['one is above 1', [0.2, 0, 1.1, 0.5, 0.8, 1, -0.1, 0.5]],
    ['a sum is not 1', [0.2, 0, 1, 0.5, 0.8, 1, 0, 0.4]],
    ['one is NaN', [0.2, 0, 1, 0.5, 0.8, 1, 0, Number.NaN]],
  ])('are not found when %s', (_, values) => {
    expect(refuse(specOf(2), values)).not.toThrow();
  });
});

describe('a session', () => {
  /** A graph with a constant output. */
  function graphOf({ values, shape, whole }: Answer, axis: number | string = 'n'): ModelGraph {
    return {
      name: 'm/model.onnx',
      provider: 'cpu',
      sharesDevice: false,
      inputs: [{ name: 'x', type: 'float32', shape: [axis, 3, 2, 2, 2] }],
      outputs: [{ name: 'y', type: whole ? 'int64' : 'float32', shape: [...shape] }],
      run: async (inputs) => {
        const [{ tensor }] = inputs.values();
        const outputs = new Map([['y', tensor.owner.upload(values, shape)]]);
        return { outputs, values: new Map([['y', values]]), readbackBytes: 0 };
      },
      dispose: async () => undefined,
    };
  }

  async function run(spec: SegmentationSpec, values: readonly number[], shape: number[], whole = false) {
    using backend = new CpuBackend();
    const session = new ModelSession(spec, {
      whole: graphOf({ values: Float32Array.from(values), shape, whole }),
    });
    const [batch] = shape;
    const inputs = new Map([['x', backend.upload(new Float32Array(24 * batch), [batch, 6, 2, 2])]]);
    const answer = await session.run(backend, inputs, batch);
    return { shape: [...answer.shape], values: [...(await backend.download(answer))] };
  }

  it.each([
    [4, 4],
    [1, 1],
    ['unk__42', null],
    ['', null],
    [0, null],
    [-1, null],
  ])('of a graph whose first axis is %j takes batches of %j', (axis, batch) => {
    const answer = { values: new Float32Array(8), shape: [1, 2, 2, 2], whole: false };
    expect(new ModelSession(specOf(2), { whole: graphOf(answer, axis) }).fixedBatch).toBe(batch);
  });

  it('has a plane for each class, for any output of the graph', async () => {
    expect(await run(specOf(2), [1, -2, 3, -4], [1, 2, 2])).toEqual({
      shape: [1, 2, 2, 2],
      values: [0, 0, 0, 0, 1, -2, 3, -4],
    });
    expect(await run(specOf(3), [0, 1, 2, 2], [1, 2, 2], true)).toEqual({
      shape: [1, 3, 2, 2],
      values: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 1],
    });
  });

  it('refuses probabilities of classes, of one channel and of labels', async () => {
    const half = new Array(8).fill(0.5);
    await expect(run(specOf(2), half, [1, 2, 2, 2])).rejects.toThrow(/probabilities already/);
    await expect(run(specOf(2), [0, 0.5, 1, 0.2], [1, 1, 2, 2])).rejects.toThrow(/probabilities already/);
    const labels = specOf(2, { task: 'multilabel' });
    await expect(run(labels, [0, 0.5, 1, 0.2, 0, 0.9, 1, 1], [1, 2, 2, 2])).rejects.toThrow(
      /probabilities already/,
    );
    const known = specOf(2, { activation: 'none' });
    expect((await run(known, half, [1, 2, 2, 2])).values).toEqual(half);
  });

  it('refuses a sigmoid for classes that exclude each other', async () => {
    await expect(
      run(specOf(2, { activation: 'sigmoid' }), new Array(8).fill(3), [1, 2, 2, 2]),
    ).rejects.toThrow(
      /^m has a sigmoid for 2 classes that exclude each other; set `output\.task` to "multilabel"/,
    );
  });
});
