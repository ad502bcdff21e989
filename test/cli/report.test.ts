import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { infer } from '../../src/workflow/index.js';
import { commandIn } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';
import { writeSarScene } from '../support/sar-scene.js';

const folder = await temporaryFolder();
const terrachip = commandIn(folder);

it('terrachip report writes one page that asks no server, and names its flags in errors', async () => {
  const { scene } = await writeSarScene(join(folder, 'scene'), 5, 256);
  const map = join(folder, 'map');
  await infer({ scene, model: 'models/water-threshold', output: map, backend: 'cpu', threads: 0 });
  const { status, stdout } = await terrachip('report', 'map', '-o', 'report.html', '--title', 'A & B');
  expect([status, stdout]).toEqual([
    0,
    expect.stringMatching(/^report\.html: [\d.]+ MiB, \d+ × \d+ pixels\n/),
  ]);
  const page = await readFile(join(folder, 'report.html'), 'utf8');
  expect(page).toContain('<title>A &amp; B');
  expect(page).toMatch(/<meta http-equiv="Content-Security-Policy"/);
  expect(page).not.toMatch(/<(?:script|img|link|iframe)[^>]* (?:src|href)=/);

  const wrong = await terrachip('report', 'map', '-o', 'other.html', '--attribution', 'me');
  expect(wrong).toEqual({
    status: 2,
    stdout: '',
    stderr: 'terrachip: --attribution has no meaning without --basemap; leave it out.\n',
  });
  const missing = await terrachip('report', 'nowhere', '-o', 'other.html');
  expect([missing.status, missing.stderr]).toEqual([2, expect.stringMatching(/^terrachip: nowhere\b.*\n$/)]);
});
