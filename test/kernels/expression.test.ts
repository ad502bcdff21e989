import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTerrachipError } from '../../src/errors.js';
import type { TypedArray } from '../../src/geo/index.js';
import { type Backend, CpuBackend } from '../../src/gpu/index.js';
import {
  type Expression,
  evaluateExpression,
  INDICES,
  parseExpression,
  uploadExpression,
} from '../../src/kernels/index.js';
import { describeBackends, sharedWebGpu, webgpuProblem } from '../support/backends.js';
import { randomValues } from '../support/random.js';

/** Made by scripts/truth/pixels.py; null is NaN. */
const truth = JSON.parse(readFileSync('test/fixtures/pixels/expressions.json', 'utf8')) as {
  bands: Record<string, (number | null | 'inf')[]>;
  cases: { expression: string; expected: (number | null)[] }[];
};

const bands: Record<string, Float32Array> = Object.fromEntries(
  Object.entries(truth.bands).map(([name, values]) => [
    name,
    Float32Array.from(values, (value) => (value === 'inf' ? Infinity : (value ?? Number.NaN))),
  ]),
);

async function evaluate(
  backend: Backend,
  expression: Expression,
  values: Readonly<Record<string, Float32Array>>,
  length: number,
): Promise<TypedArray> {
  const uploaded = Object.fromEntries(
    Object.entries(values).map(([name, plane]) => [name, backend.upload(plane)]),
  );
  const device = uploadExpression(backend, expression);
  const destination = backend.allocate([length], 'float32');
  evaluateExpression(backend, { expression: device, bands: uploaded, destination });
  const result = await backend.download(destination);
  for (const tensor of [...Object.values(uploaded), device.program, destination]) tensor.dispose();
  return result;
}

/** Units in the last place of float32, at least of the number 2^-20. */
function ulp(value: number): number {
  return 2 ** (Math.max(-20, Math.floor(Math.log2(Math.abs(value)))) - 23);
}

function expectUlps(result: ArrayLike<number>, expected: readonly (number | null)[], ulps: number): void {
  for (const [i, value] of expected.entries()) {
    if (value === null) expect(result[i], `value ${i}`).toBeNaN();
    else
      expect(
        Math.abs(result[i] - value) / ulp(value),
        `value ${i}: ${result[i]}, ${value}`,
      ).toBeLessThanOrEqual(ulps);
  }
}

/** Functions whose error is more than an ulp of the result. */
function ulpsOf(expression: string): number {
  if (/exp/.test(expression)) return 210;
  if (/log/.test(expression)) return 100;
  return /\/|sqrt|N/.test(expression) ? 8 : 0;
}

describeBackends('expression', (backend) => {
  it.each(truth.cases.map(({ expression, expected }) => [expression, expected] as const))(
    'is equal to NumPy: %s',
    async (text, expected) => {
      const expression = parseExpression(text, Object.keys(bands));
      const result = await evaluate(backend(), expression, bands, expected.length);
      expectUlps(result, expected, ulpsOf(text));
    },
  );

  it('gives nodata for overflow, and for division by a value that counts as 0', async () => {
    const a = Float32Array.of(3e38, 1e-40, 1, -3e38, 1);
    const b = Float32Array.of(10, 1, 1e-40, 10, 0);
    const product = await evaluate(backend(), parseExpression('a * b'), { a, b }, 5);
    // Subnormal results may be 0.
    expect(product).toBeCloseToArray([NaN, 0, 0, NaN, 0], 2 ** -126);
    const quotient = await evaluate(backend(), parseExpression('a / b'), { a, b }, 5);
    expect(Array.from(quotient, Number.isNaN)).toEqual([false, false, true, false, true]);
  });

  it.each([70_001, 2 * 65_536 + 3])('computes every value (%i)', async (length) => {
    const a = Float32Array.from({ length }, (_, i) => i);
    const result = await evaluate(backend(), parseExpression('a * 2 + 1'), { a }, length);
    expect(result.every((value, i) => value === 2 * i + 1)).toBe(true);
  });

  it('takes many bands, split over dispatches', async () => {
    // 20 bands of 0.9 million values: more than one dispatch of 64 MiB.
    const length = 900_000;
    const names = Array.from({ length: 20 }, (_, k) => `b${k}`);
    const values = Object.fromEntries(
      names.map((name, k) => [name, Float32Array.from({ length }, (_, i) => (i % 1000) + k)]),
    );
    const result = await evaluate(backend(), parseExpression(names.join(' + ')), values, length);
    expect(result.every((value, i) => value === 20 * (i % 1000) + 190)).toBe(true);
  });

  it('distinguishes nodata from 0 in one expression', async () => {
    const a = Float32Array.of(0, 1, 2);
    const result = await evaluate(backend(), parseExpression('where(a == 0, nan, a)'), { a }, 3);
    expect([...result]).toEqual([NaN, 1, 2]);
  });

  it('works without a band', async () => {
    expect([...(await evaluate(backend(), parseExpression('1 / 4'), {}, 2))]).toEqual([0.25, 0.25]);
  });

  it('names the band that is missing, and refuses to overwrite one', () => {
    const device = uploadExpression(backend(), parseExpression('a + b'));
    const a = backend().upload(Float32Array.of(1, 2));
    const short = backend().upload(Float32Array.of(1));
    const destination = backend().allocate([2], 'float32');
    const run = (given: Parameters<typeof evaluateExpression>[1]['bands'], into = destination): void =>
      evaluateExpression(backend(), { expression: device, bands: given, destination: into });
    expect(() => run({ a })).toThrow('the expression "a + b" uses the band b, which is not given');
    expect(() => run({ a, b: short })).toThrow(/too short/);
    expect(() => run({ a, b: a }, a)).toThrow(/writes into one of its bands/);
    for (const tensor of [device.program, a, short, destination]) tensor.dispose();
  });
});

/** An expression of random operations, from the bands a, b and c. */
const randomExpression: fc.Arbitrary<string> = fc.letrec<{ text: string }>((tie) => ({
  text: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom('a', 'b', 'c', '0', '1', '2.5', '1e-3', '300'),
    fc
      .tuple(tie('text'), fc.constantFrom('+', '-', '*', '<', '>=', '==', 'and', 'or'), tie('text'))
      .map(([left, sign, right]) => `(${left} ${sign} ${right})`),
    tie('text').map((x) => `abs(-${x})`),
    tie('text').map((x) => `valid(${x})`),
    tie('text').map((x) => `(not ${x})`),
    fc.tuple(tie('text'), tie('text'), tie('text')).map(([x, y, z]) => `where(${x}, ${y}, ${z})`),
    fc.tuple(tie('text'), tie('text')).map(([x, y]) => `max(${x}, min(${y}, 5))`),
    tie('text').map((x) => `(${x})^2`),
  ),
})).text;

describe.skipIf(webgpuProblem !== null)('expression (cpu and webgpu)', () => {
  it('agree bit for bit without division and functions', async () => {
    const values = {
      a: randomValues(1, 500, -1000, 1000, 0.1),
      b: randomValues(2, 500, -1, 1, 0.1),
      c: randomValues(3, 500, 0, 1e20, 0.1),
    };
    const cpu = new CpuBackend();
    await fc.assert(
      fc.asyncProperty(randomExpression, async (text) => {
        const expression = parseExpression(text);
        const expected = await evaluate(cpu, expression, values, 500);
        expect(await evaluate(sharedWebGpu(), expression, values, 500)).toBeCloseToArray(expected);
      }),
      { numRuns: 60, seed: 7 },
    );
    cpu.dispose();
  });
});

describe('parseExpression', () => {
  it('lists the bands in order of use', () => {
    expect(parseExpression('(B8A - B04) / (B8A + B04 + _l1)').bands).toEqual(['B8A', 'B04', '_l1']);
    expect(parseExpression('NDVI > 0.3').bands).toEqual(['B08', 'B04']);
    expect(parseExpression('NDVI > 0.3', ['NDVI']).bands).toEqual(['NDVI']);
    for (const [name, { expression, bands: used }] of Object.entries(INDICES)) {
      expect(parseExpression(name).program).toEqual(parseExpression(expression).program);
      expect(parseExpression(name).bands).toEqual(used);
    }
  });

  it.each([
    ['', 'ends, where a value should stand, at column 1'],
    ['B08 - ', 'ends, where a value should stand, at column 7'],
    ['(B08 - B04', 'ends, where ")" should stand, at column 11'],
    ['B08 - B04)', 'has ")" at column 10'],
    ['B08 B04', 'has "B04" at column 5'],
    ['B08 $ B04', 'has "$" at column 5'],
    ['a = b', 'has "=" at column 3'],
    ['a + * b', 'has "*", where a value should stand, at column 5'],
    ['a < b < c', 'compares twice at column 7'],
    ['x ^ -1', 'has "-" at column 5'],
    ['x ^ 17', 'has "17" at column 5'],
    ['x ^ 2 ^ 2', 'has "^" twice at column 7'],
    ['sin(x)', 'calls sin at column 1'],
    ['constructor(1)', 'calls constructor at column 1'],
    ['min(x)', 'has ")", where "," should stand, at column 6'],
    ['where(a, b)', 'has ")", where "," should stand, at column 11'],
    ['abs(a, b)', 'has ",", where ")" should stand, at column 6'],
    ['abs', 'ends, where "(" should stand, at column 4'],
    ['bits(a, 53, 1)', 'has "53" at column 9'],
    ['bits(a, 50, 5)', 'has "5" at column 13'],
    ['1e39', 'has 1e39 at column 1'],
    ['and', 'has "and", where a value should stand, at column 1'],
    [`${'('.repeat(65)}a`, 'is nested more than 64 deep at column 65'],
    [`${'a+('.repeat(16)}a${')'.repeat(16)}`, 'holds more than 16 values at once at column 49'],
    ['a+'.repeat(600), 'takes more than 1024 steps at column 1024'],
    ['a'.repeat(4097), 'an expression of 4097 characters is too long'],
  ])('points at what is wrong: %.40s', (text, problem) => {
    expect(() => parseExpression(text)).toThrow(problem);
  });

  it('accepts the given band names', () => {
    expect(() => parseExpression('B08 - B4', ['B08', 'B04'])).toThrow(
      'the expression "B08 - B4" names B4, which is neither a band nor an index, at column 7; give it as a band, or use one of B08, B04.',
    );
    expect(() => parseExpression('1 + NDVI', ['B08'])).toThrow(/names B04, .* at column 5;/);
    expect(() => parseExpression('1', ['min'])).toThrow(/band name "min"/);
    expect(() => parseExpression('1', ['B 4'])).toThrow(/band name "B 4"/);
  });
});

/** An expression tree with its own evaluation. */
interface Tree {
  readonly text: string;
  /** How tightly its outermost operator binds, as in Python. */
  readonly binding: number;
  readonly value: (x: number) => number;
}

const atom = (text: string, value: Tree['value']): Tree => ({ text, binding: 9, value });
const within = (tree: Tree, least: number): string => (tree.binding >= least ? tree.text : `(${tree.text})`);
const { fround } = Math;

const INFIX: readonly [sign: string, binding: number, value: (a: number, b: number) => number][] = [
  ['or', 1, (a, b) => Number(a !== 0 || b !== 0)],
  ['and', 2, (a, b) => Number(a !== 0 && b !== 0)],
  ['<', 4, (a, b) => Number(a < b)],
  ['>=', 4, (a, b) => Number(a >= b)],
  ['!=', 4, (a, b) => Number(a !== b)],
  ['+', 5, (a, b) => fround(a + b)],
  ['-', 5, (a, b) => fround(a - b)],
  ['*', 6, (a, b) => fround(a * b)],
];

/** The text of a tree with the fewest parentheses. */
const tree: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(
      atom('x', (x) => x),
      atom('2', () => 2),
      atom('.5', () => 0.5),
      atom('7e0', () => 7),
    ),
    fc.tuple(fc.constantFrom(...INFIX), tie('tree'), tie('tree')).map(([[sign, binding, value], a, b]) => ({
      // Equal operators group from the left; comparisons do not group.
      text: `${within(a, binding === 4 ? 5 : binding)} ${sign} ${within(b, binding + 1)}`,
      binding,
      value: (x: number) => value(a.value(x), b.value(x)),
    })),
    tie('tree').map((a) => ({ text: `-${within(a, 7)}`, binding: 7, value: (x: number) => -a.value(x) })),
    tie('tree').map((a) => ({
      text: `not ${within(a, 3)}`,
      binding: 3,
      value: (x: number) => Number(a.value(x) === 0),
    })),
    tie('tree').map((a) => ({
      text: `${within(a, 9)} ^ 3`,
      binding: 8,
      value: (x: number) => fround(fround(a.value(x) * a.value(x)) * a.value(x)),
    })),
    fc
      .tuple(tie('tree'), tie('tree'), tie('tree'))
      .map(([a, b, c]) =>
        atom(`where(${a.text}, ${b.text}, ${c.text})`, (x) => (a.value(x) === 0 ? c.value(x) : b.value(x))),
      ),
  ),
})).tree;

describe('random expressions', () => {
  const x = Float32Array.of(-3, -0.25, 0, 1, 2.5);

  it('are equal to a direct evaluation', async () => {
    const cpu = new CpuBackend();
    await fc.assert(
      fc.asyncProperty(tree, async ({ text, value }) => {
        const expected = Array.from(x, value);
        // Overflow is nodata, and tested above.
        fc.pre(expected.every(Number.isFinite));
        expect(await evaluate(cpu, parseExpression(text), { x }, x.length), text).toBeCloseToArray(expected);
      }),
      { numRuns: 500, seed: 5 },
    );
    cpu.dispose();
  });

  it('are parsed, or refused with a column', () => {
    const part = fc.constantFrom(
      ...'a B04 NDVI 1 2.5 1e400 + - * / ^ ( ) , < == = and not min where bits nan $ é'.split(' '),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 40 }), (parts) => {
        const text = parts.join(' ');
        try {
          const { program, bands } = parseExpression(text);
          expect(program.length % 2).toBe(0);
          expect(bands.every((band) => text.includes(band) || text.includes('NDVI'))).toBe(true);
        } catch (error) {
          if (!isTerrachipError(error, 'INVALID_INPUT')) throw error;
          const column = Number(/ at column (\d+); /.exec(error.message)?.[1]);
          expect(column).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual(text.length + 1);
        }
      }),
      { numRuns: 1000, seed: 9 },
    );
  });
});
