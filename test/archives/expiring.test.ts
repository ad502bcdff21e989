import { describe, expect, it } from 'vitest';
import { Expiring } from '../../src/archives/index.js';

const HOUR = 3_600_000;

/** Values `1`, `2`, … that end after some milliseconds, and how many were asked for. */
function counted(milliseconds: number): { values: Expiring<number>; asked: () => number } {
  let asked = 0;
  const values = new Expiring(async () => ({ value: ++asked, expiry: Date.now() + milliseconds }));
  return { values, asked: () => asked };
}

describe('a value that ends', () => {
  it('is asked for once by all who wait', async () => {
    const { values, asked } = counted(HOUR);
    expect(await Promise.all([values.get(), values.get(), values.get()])).toEqual([1, 1, 1]);
    expect(asked()).toBe(1);
  });

  it('is asked for again in the last minute before its end', async () => {
    const { values } = counted(59_000);
    expect([await values.get(), await values.get()]).toEqual([1, 2]);
    const longer = counted(61_000).values;
    expect([await longer.get(), await longer.get()]).toEqual([1, 1]);
  });

  it('is asked for again once where several were refused', async () => {
    const { values, asked } = counted(HOUR);
    await values.get();
    const renewed = () => values.get(undefined, (value) => value === 1);
    expect(await Promise.all([renewed(), renewed(), renewed()])).toEqual([2, 2, 2]);
    expect(await renewed()).toBe(2);
    expect(asked()).toBe(2);
  });

  it('is asked for again after a failure', async () => {
    let asked = 0;
    const values = new Expiring(async () => {
      if (++asked === 1) throw new Error('busy');
      return { value: asked, expiry: Date.now() + HOUR };
    });
    await expect(Promise.all([values.get(), values.get()])).rejects.toThrow('busy');
    expect(await values.get()).toBe(2);
  });

  it('is not lost for others when one of them gives up', async () => {
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
