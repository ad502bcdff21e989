import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decidesValidity } from '../../src/inference/model-spec.js';
import { inputShape, parseModelSpec } from '../../src/inference/node/index.js';

const card = JSON.parse(readFileSync('models/water-threshold/model.json', 'utf8')) as Record<string, unknown>;
const edited = (change: Record<string, unknown>): Record<string, unknown> => ({
  ...structuredClone(card),
  ...change,
});
const [input] = card.inputs as Record<string, unknown>[];

describe('model.json', () => {
  it('of the bundled model is valid', () => {
    const spec = parseModelSpec(card, 'model.json');
    expect(inputShape(spec, spec.inputs[0], 4)).toEqual([4, 2, 256, 256]);
    expect(decidesValidity(spec, spec.inputs[0], 'event')).toBe(true);
  });

  it.each([
    [edited({ schemaVersion: 2 }), /schemaVersion/],
    [edited({ inputs: [] }), /inputs: must list at least one input/],
    [edited({ inputs: [{ ...input, units: 'decibel' }] }), /inputs\.0\.units/],
    [edited({ inputs: [{ ...input, std: [1, 0] }] }), /inputs\.0\.std\.1: must be positive/],
    [edited({ inputs: [{ ...input, mean: [1] }] }), /1 means and 2 standard deviations for 2 bands/],
    [edited({ inputs: [{ ...input, name: '../evil' }] }), /inputs\.0\.name/],
    [edited({ inputs: [input, input] }), /names the input S1RTC twice/],
    [edited({ phases: ['pre', 'event', 'pre'] }), /names the phase pre twice/],
    [edited({ chip: { size: 64, stride: 65 } }), /stride above the chip size/],
    [
      edited({
        output: {
          name: 'logits',
          classes: [
            { name: 'a', colour: 'blue' },
            { name: 'b', colour: '#000000' },
          ],
        },
      }),
      /output\.classes\.0\.colour/,
    ],
    [edited({ validity: [{ input: 'S2' }] }), /validity rule for S2/],
    [edited({ validity: [{ input: 'S1RTC', phase: 'never' }] }), /validity rule for S1RTC never/],
    ['text', /model\.json/],
    [null, /model\.json/],
    [
      {},
      /is not valid: schemaVersion: .*, name: .*, inputs: .*, chip: is missing, output: is missing; correct it/,
    ],
  ])('refuses a wrong member by its path', (document, message) => {
    expect(() => parseModelSpec(document, 'model.json')).toThrow(message);
    expect(() => parseModelSpec(document, 'model.json')).toThrow(/^model\.json/);
  });

  it('can list the inputs that decide validity', () => {
    const spec = parseModelSpec(
      edited({ phases: ['pre', 'event'], validity: [{ input: 'S1RTC', phase: 'event' }] }),
      'm',
    );
    expect(inputShape(spec, spec.inputs[0], 1)).toEqual([1, 2, 2, 256, 256]);
    expect(decidesValidity(spec, spec.inputs[0], 'event')).toBe(true);
    expect(decidesValidity(spec, spec.inputs[0], 'pre')).toBe(false);
  });
});
