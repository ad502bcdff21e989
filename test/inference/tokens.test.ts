import { describe, expect, it } from 'vitest';
import { adaptTokens } from '../../src/inference/layout.js';
import { type EmbeddingSpec, parseModelSpec } from '../../src/inference/model-spec.js';

function encoder(output: object): EmbeddingSpec {
  const inputs = [{ name: 'x', bands: ['a'], units: 'none', mean: [0], std: [1] }];
  const document = { schemaVersion: 1, name: 'm', inputs, chip: { size: 32, stride: 32 }, output };
  return parseModelSpec(document, 'm') as EmbeddingSpec;
}

const count = (n: number): Float32Array => Float32Array.from({ length: n }, (_, k) => k);

describe('outputs of encoders', () => {
  it('leave out a class token before the tokens', () => {
    const spec = encoder({ name: 'y', tokens: 4, channels: 3, classTokens: 1 });
    // Two chips of five tokens: the first token of each is 0 to 2 and 15 to 17.
    const tokens = adaptTokens(spec, count(30), [2, 5, 3]);
    expect([...(tokens ?? [])]).toEqual([...count(30).subarray(3, 15), ...count(30).subarray(18)]);
  });

  it('may be one vector per chip', () => {
    const spec = encoder({ name: 'y', tokens: 1, channels: 6, layout: 'NC' });
    expect(adaptTokens(spec, count(12), [2, 6])).toEqual(count(12));
  });

  it('may be a map of features, whose pixels are the tokens', () => {
    const spec = encoder({ name: 'y', tokens: 4, channels: 2, layout: 'NCHW' });
    // Channel 0 has 0 1 / 2 3, channel 1 has 4 5 / 6 7.
    expect([...(adaptTokens(spec, count(8), [1, 2, 2, 2]) ?? [])]).toEqual([0, 4, 1, 5, 2, 6, 3, 7]);
  });

  it.each([
    [{ tokens: 4, channels: 3 }, [1, 5, 3]],
    [{ tokens: 4, channels: 3, layout: 'NC' }, [1, 12]],
    [{ tokens: 4, channels: 3, layout: 'NCHW' }, [1, 4, 3, 1]],
  ])('of another shape do not fit: %j', (output, shape) => {
    const length = shape.reduce((product, n) => product * n, 1);
    expect(adaptTokens(encoder({ name: 'y', ...output }), count(length), shape)).toBeNull();
  });
});
