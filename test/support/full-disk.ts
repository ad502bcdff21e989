/** A full disk, simulated in the methods of Node's file handles. */
import fs from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { vi } from 'vitest';

function full(): Error {
  const code = 'ENOSPC';
  return Object.assign(new Error(`${code}: no space left on device, write`), { code, syscall: 'write' });
}

/**
 * Runs a task on a disk with room for a number of bytes. As on a real disk, the write that fills it is partial, and the
 * next fails.
 * @param most largest number of bytes per write
 */
export async function onFullDisk<T>(room: number, work: () => Promise<T>, most = Infinity): Promise<T> {
  const handle = await open('.', 'r');
  const prototype: FileHandle = Object.getPrototypeOf(handle);
  await handle.close();
  const { write, writeFile, appendFile } = prototype;
  let left = room;
  const take = (wanted: number): number => {
    const taken = Math.min(wanted, left);
    if (taken === 0 && wanted > 0) throw full();
    left -= taken;
    return taken;
  };
  const whole = (original: typeof writeFile) =>
    async function (this: FileHandle, ...args: Parameters<typeof writeFile>): Promise<void> {
      const [data] = args;
      const bytes = Buffer.from(data as Uint8Array);
      if (take(bytes.length) < bytes.length) throw full();
      return original.apply(this, args);
    };
  const spies = [
    vi.spyOn(prototype, 'write').mockImplementation(async function (
      this: FileHandle,
      ...[bytes, offset, length, position]: unknown[]
    ) {
      const from = Number(offset ?? 0);
      const wanted = Number(length ?? (bytes as Uint8Array).length - from);
      const count = take(Math.min(most, wanted));
      return Reflect.apply(write, this, [bytes, from, count, position]);
    } as typeof write),
    vi.spyOn(prototype, 'writeFile').mockImplementation(whole(writeFile)),
    vi.spyOn(prototype, 'appendFile').mockImplementation(whole(appendFile)),
  ];
  try {
    return await work();
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** Runs a task on a disk that reports this many free bytes. */
export async function onSmallDisk<T>(freeBytes: number, work: () => Promise<T>): Promise<T> {
  const told = { ...(await fs.promises.statfs('.')), blocks: 2 ** 40, bavail: freeBytes, bsize: 1 };
  const spy = vi.spyOn(fs.promises, 'statfs').mockResolvedValue(told);
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    spy.mockRestore();
    syncBuiltinESMExports();
  }
}
