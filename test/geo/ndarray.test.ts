import ndarray from 'ndarray';
import { describe, expect, it } from 'vitest';
import { Affine, fromNdarray, GeoBox, GeoTensor, statistics, toNdarray } from '../../src/geo/node/index.js';

const geobox = new GeoBox(32632, new Affine(10, 0, 0, 0, -10, 0), 3, 2);
const tensor = (data: Float32Array | Int16Array, nodata: number | null): GeoTensor =>
  new GeoTensor({ data, shape: [2, 3], dimensions: ['y', 'x'], geobox, nodata });

describe('ndarray views', () => {
  it('share memory both ways', () => {
    const original = tensor(Float32Array.of(1, 2, 3, 4, 5, 6), null);
    const view = toNdarray(original);
    expect(view.get(1, 0)).toBe(4);
    view.set(1, 0, 40);
    expect(original.data[3]).toBe(40);
    const back = fromNdarray(view, original);
    expect(back.data.buffer).toBe(original.data.buffer);
    expect(back.geobox).toBe(geobox);
  });

  it('are refused with strides', () => {
    const turned = ndarray(new Float32Array(6), [3, 2]).transpose(1, 0);
    expect(() => fromNdarray(turned, tensor(new Float32Array(6), null))).toThrow(/not contiguous/);
  });
});

describe('statistics', () => {
  it('agree with NumPy', () => {
    // a = np.array([[1, 2, nan], [4, -9999, 6.5]]); v = a[~isnan(a) & (a != -9999)]: min, max, mean, std (NumPy 1.24.2)
    expect(statistics(tensor(Float32Array.of(1, 2, NaN, 4, -9999, 6.5), -9999))).toEqual({
      validCount: 4,
      min: 1,
      max: 6.5,
      mean: 3.375,
      std: expect.closeTo(2.1028254801575903, 12),
    });
  });

  it('are null without valid values', () => {
    expect(statistics(tensor(new Int16Array(6).fill(-1), -1))).toEqual({
      validCount: 0,
      min: null,
      max: null,
      mean: null,
      std: null,
    });
  });
});
