import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { commandIn, PROGRAM } from '../support/command.js';

const raster = 'test/fixtures/map-tiles/source.tif';

it('terrachip view serves its page until Ctrl-C, and reports a port in use', async () => {
  const child = spawn(process.execPath, [PROGRAM, 'view', raster, '--backend', 'cpu', '--threads', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const [url] = await once(createInterface(child.stdout), 'line');
    const page = await (await fetch(url)).text();
    expect(page).toMatch(/^<!doctype html>/);
    for (const [, name] of page.matchAll(/(?:src|href)="(view\.[a-z]+)"/g)) {
      const { status, headers } = await fetch(new URL(name, url));
      expect([name, status]).toEqual([name, 200]);
      expect(headers.get('content-type')).toMatch(/^text\/(css|javascript)/);
    }
    const { port } = new URL(url);
    const second = await commandIn('.')('view', raster, '--port', port, '--backend', 'cpu');
    expect(second).toEqual({
      status: 2,
      stdout: '',
      stderr: `terrachip: --port ${port} is taken by another program; choose another, or 0 for any that is free.\n`,
    });
  } finally {
    child.kill('SIGINT');
  }
  expect(await once(child, 'exit')).toEqual([0, null]);
});
