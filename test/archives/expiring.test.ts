import { describe, expect, it } from 'vitest';
import { Expiring } from '../../src/archives/index.js';

const HOUR = 3_600_000;

/** Values `1`, `2`, … that expire after some milliseconds, and the number of requests. */
function counted(milliseconds: number): { values: Expiring<number>; asked: () => number } {
  let asked = 0;
  const values = new Expiring(async () => ({ value: ++asked, expiry: Date.now() + milliseconds }));
  return { values, asked: () => asked };
}

describe('a value that expires', () => {
  it('is requested once for all concurrent callers', async () => {
    const { values, asked } = counted(HOUR);
    expect(await Promise.all([values.get(), values.get(), values.get()])).toEqual([1, 1, 1]);
    expect(asked()).toBe(1);
  });

  it('is requested again in the last minute before its expiry', async () => {
    const { values } = counted(59_000);
    expect([await values.get(), await values.get()]).toEqual([1, 2]);
    const longer = counted(61_000).values;
    expect([await longer.get(), await longer.get()]).toEqual([1, 1]);
  });

  it('is requested again once if several callers were refused', async () => {
    const { values, asked } = counted(HOUR);
    await values.get();
    const renewed = () => values.get(undefined, (value) => value === 1);
    expect(await Promise.all([renewed(), renewed(), renewed()])).toEqual([2, 2, 2]);
    expect(await renewed()).toBe(2);
    expect(asked()).toBe(2);
  });

  it('is requested again after a failure', async () => {
    let asked = 0;
    const values = new Expiring(async () => {
      if (++asked === 1) throw new Error('busy');
      return { value: asked, expiry: Date.now() + HOUR };
    });
    await expect(Promise.all([values.get(), values.get()])).rejects.toThrow('busy');
    expect(await values.get()).toBe(2);
  });

  it('is not lost for other callers when one aborts', async () => {
    let answer = (): void => undefined;
    const values = new Expiring(
      () =>
        new Promise<{ value: number; expiry: number }>((done) => {
          answer = () => done({ value: 7, expiry: Date.now() + HOUR });
        }),
    );
    const controller = new AbortController();
    const [given, other] = [values.get(controller.signal), values.get()];
    controller.abort(new Error('given up'));
    await expect(given).rejects.toThrow('given up');
    answer();
    expect(await other).toBe(7);
  });
});
