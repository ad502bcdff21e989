import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { memberOf } from '../src/json/keys.js';
import { dictionary, parseJson, validate, validateStrictly } from '../src/json.js';

describe('parseJson', () => {
  it('skips a byte order mark', () => {
    expect(parseJson('\uFEFF{"a": 1}', 'x.json')).toEqual({ a: 1 });
  });

  it.each([
    ['{"a": 1,\n "b": }', 2, 7, 'found "}" where a value should be'],
    ['{"a": 1,\r\n}', 2, 1, 'found "}" where a key should be'],
    ['[1, 2', 1, 6, 'the text ends where , or ] should be'],
    ['', 1, 1, 'the text ends where a value should be'],
    ['{"a" 1}', 1, 6, 'found "1" where : should be'],
    ['[01]', 1, 3, 'found "1" where , or ] should be'],
    ['["a\tb"]', 1, 4, 'found "\\t" where " or an escape should be'],
    ['["\\x"]', 1, 3, 'found "\\\\" where a valid escape should be'],
    ['["a', 1, 4, 'the text ends where " should be'],
    ['{} x', 1, 4, 'found "x" where the end should be'],
    ['[NaN]', 1, 2, 'found "N" where a value or ] should be'],
    ["{'a': 1}", 1, 2, 'found "\'" where a key or } should be'],
    ['[{"a": [1, {"b": "é"}]},\n\n  {"c" : tru}]', 3, 10, 'found "t" where a value should be'],
  ])('says the line and column where %j stops being JSON', (text, line, column, problem) => {
    expect(() => parseJson(text, 'x.json')).toThrow(
      `x.json is not JSON (line ${line}, column ${column}: ${problem}); correct it.`,
    );
  });

  it("finds syntax errors at JSON.parse's position", () => {
    const text = JSON.stringify({ a: [1.5e3, -2, true, null], 'b"c': { c: 'é', e: [] } }, null, 1);
    let compared = 0;
    for (let at = 0; at < text.length; at++) {
      for (const letter of ['', '}', ',', '0', '"', '[']) {
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        const message = problemOf(() => JSON.parse(changed));
        if (message === null) continue;
        const own = problemOf(() => parseJson(changed, 'x')) ?? '';
        expect(own).toMatch(/line \d+, column \d+/);
        const position = Number(/at position (\d+)/.exec(message)?.[1] ?? -1);
        // JSON.parse points behind the start of a wrong word, number or escape, terrachip at it.
        if (!/^[\]},:[{]/.test(changed.charAt(position)) || /escape|found "-"/.test(own)) continue;
        const before = changed.slice(0, position).split('\n');
        expect(own, changed).toContain(`(line ${before.length}, column ${(before.at(-1) ?? '').length + 1}:`);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});

function problemOf(parse: () => unknown): string | null {
  try {
    parse();
    return null;
  } catch (error) {
    return String(error);
  }
}

describe('validateStrictly', () => {
  const schema = v.object({
    id: v.string(),
    phase_dates: v.optional(v.array(v.object({ datetime: v.string() }))),
    grid: v.optional(
      v.union([v.object({ like: v.string() }), v.object({ crs: v.string(), resolution: v.number() })]),
    ),
    inputs: v.optional(dictionary(v.string(), v.object({ units: v.string() }))),
  });
  const check = (document: object) => () => validateStrictly(schema, { id: 'x', ...document }, 's.json');

  it.each([
    [{ phaseDate: [] }, 's.json has the unknown key "phaseDate"; did you mean "phase_dates"?'],
    [
      { phase_dates: [{ datetime: '' }, { datatime: '' }] },
      's.json: phase_dates.1 has the unknown key "datatime"; did you mean "datetime"?',
    ],
    [
      { grid: { crs: '', resolutoin: 1 } },
      's.json: grid has the unknown key "resolutoin"; did you mean "resolution"?',
    ],
    [
      { grid: { like: '', resolution: 1 } },
      's.json: grid has the unknown key "resolution"; the known keys are like.',
    ],
    [
      { inputs: { constructor: { unit: 'dB' } } },
      's.json: inputs.constructor has the unknown key "unit"; did you mean "units"?',
    ],
    [
      { constructor: 1 },
      's.json has the unknown key "constructor"; the known keys are id, phase_dates, grid, inputs.',
    ],
  ])('refuses %j', (document, message) => {
    expect(check(document)).toThrow(message);
  });

  it('accepts keys for notes, tools and extensions', () => {
    const document = {
      $schema: 'u',
      comment: '',
      description: '',
      'x-y': 1,
      _z: 1,
      '//': 'why',
      'eo:snow_cover': 1,
    };
    expect(check(document)()).toEqual({ id: 'x' });
  });
});

describe('dictionary', () => {
  it('keeps every key, and has no inherited ones', () => {
    const names = ['constructor', '__proto__', 'prototype', 'toString', 'hasOwnProperty', 'VV'];
    const document: unknown = JSON.parse(`{${names.map((name) => `${JSON.stringify(name)}: "${name}"`)}}`);
    const output = validate(dictionary(v.string(), v.string()), document, 'x');
    expect(Object.entries(output)).toEqual(names.map((name) => [name, name]));
    expect(validate(dictionary(v.string(), v.string()), {}, 'x').toString).toBeUndefined();
    expect(() =>
      validate(v.object({ bands: dictionary(v.string(), v.number()) }), { bands: { __proto: 'x' } }, 'x'),
    ).toThrow(/bands\.__proto:/);
  });

  it('has only members that memberOf finds', () => {
    const record: Record<string, number> = JSON.parse('{"__proto__": 1, "constructor": 2}');
    expect(['__proto__', 'constructor', 'toString', 'VV'].map((name) => memberOf(record, name))).toEqual([
      1,
      2,
      undefined,
      undefined,
    ]);
  });

  it('is used in all schemas for user-chosen names', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.ts'),
    );
    expect(files.filter((file) => readFileSync(join('src', file), 'utf8').includes('v.record('))).toEqual([]);
  });
});
