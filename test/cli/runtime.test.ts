import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandsWithout } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();
const terrachip = commandsWithout('onnxruntime-node', folder);

describe('without onnxruntime-node', () => {
  // None of the inputs exists: a command that checked one of them first would name it.
  it.each([
    ['infer', ['infer', 'scene.json', '--model', 'model']],
    ['demo', ['demo']],
    ['embed scenes', ['embed', 'scene.json', '--model', 'model']],
    ['embed catalogs', ['embed', 'rows.parquet', '--model', 'model', '--crs', 'EPSG:32632', '--res', '10']],
    ['model run', ['model', 'run', 'model', '--input', 'S1RTC=radar.npy']],
    ['model import', ['model', 'import', 'weights.pt', '--precision', 'fp16']],
  ])('%s reports it before any work', async (name, args) => {
    const output = `${name.replace(' ', '-')}.npy`;
    const { status, stderr } = await terrachip(...args, '-o', output);
    expect(stderr).toBe(
      'terrachip: running a model needs the optional package onnxruntime-node, which is not installed; run npm install --ignore-scripts onnxruntime-node.\n',
    );
    expect(status).toBe(2);
    expect(existsSync(join(folder, output))).toBe(false);
  });

  it('infer needs it only for its own providers', async () => {
    const args = ['scene.json', '--model', 'model', '--provider', 'webgpu-resident', '-o', 'map'];
    const { stderr } = await terrachip('infer', ...args);
    expect(stderr).not.toContain('onnxruntime-node');
  });
});
