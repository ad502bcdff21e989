import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseModelSpec } from '../../src/inference/model-spec.js';
import { readAcquisition } from '../../src/workflow/acquisition.js';
import { readScene } from '../../src/workflow/scene.js';
import { temporaryFolder } from '../support/files.js';

const folder = await temporaryFolder();

async function written(name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

const SCENE = {
  schemaVersion: 1,
  grid: { crs: 'EPSG:32630', resolution: 10 },
  phases: ['event'],
  inputs: { S1RTC: { units: 'dB', phases: { event: { VV: { href: 's1.tif', band: 1 } } } } },
};
const MANIFEST = {
  event: { name: 'e', bbox: [0, 0, 1, 1], phase_dates: { event: '2021-07-15' } },
  phase_order: ['event'],
  assets: { S1RTC: ['vv'] },
  selected: { event: { S1RTC: { collection: 'c', id: 'i', 'eo:cloud_cover': 3, 's1:orbit': 'x' } } },
  dem_items: [],
};

describe('user documents', () => {
  it.each([
    [{ ...SCENE, datatime: '2019-09-17' }, ' has the unknown key "datatime"; did you mean "datetime"?'],
    [
      { ...SCENE, inputs: { S1RTC: { ...SCENE.inputs.S1RTC, resamplingg: 'nearset' } } },
      ': inputs.S1RTC has the unknown key "resamplingg"; did you mean "resampling"?',
    ],
    [
      {
        ...SCENE,
        inputs: { S1RTC: { units: 'dB', phases: { event: { VV: { href: 's1.tif', bnad: 1 } } } } },
      },
      ': inputs.S1RTC.phases.event.VV has the unknown key "bnad"; did you mean "band"?',
    ],
    [
      { ...SCENE, grid: { ...SCENE.grid, bonds: [0, 0, 1, 1] } },
      ': grid has the unknown key "bonds"; did you mean "bounds"?',
    ],
  ])('a scene has no unknown keys: %#', async (document, message) => {
    const path = await written('scene.json', JSON.stringify(document));
    await expect(readScene(path)).rejects.toThrow(`${path}${message}`);
  });

  it('a scene may have any phase and band names, and notes', async () => {
    const text = JSON.stringify({ ...SCENE, $schema: 'x', comment: 'mine' })
      .replaceAll('"event"', '"__proto__"')
      .replaceAll('"VV"', '"constructor"');
    const { document } = await readScene(await written('names.json', `\uFEFF${text}`));
    expect(Object.entries(document.inputs.S1RTC.phases ?? {})).toEqual([
      ['__proto__', { constructor: { href: 's1.tif', band: 1, units: 'dB' } }],
    ]);
  });

  it('a manifest has no unknown keys except extensions', async () => {
    const path = await written('manifest.json', JSON.stringify(MANIFEST));
    await expect(readAcquisition(path)).resolves.toMatchObject({ path });
    const items = { S1RTC: { collection: 'c', id: 'i', days_form_phase: 3 } };
    const changed = JSON.stringify({ ...MANIFEST, selected: { event: items } });
    await expect(readAcquisition(await written('manifest.json', changed))).rejects.toThrow(
      ': selected.event.S1RTC.0 has the unknown key "days_form_phase"; did you mean "days_from_phase"?',
    );
    const prefixed = JSON.stringify({
      ...MANIFEST,
      dem_items: [{ collection: 'c', id: 'i', 'eo:cloud_covr': 3 }],
    });
    await expect(readAcquisition(await written('manifest.json', prefixed))).rejects.toThrow(
      ': dem_items.0 has the unknown key "eo:cloud_covr"; did you mean "eo:cloud_cover"?',
    );
  });

  it('a model card has no unknown keys, but any provenance', async () => {
    const card = JSON.parse(await readFile('models/water-threshold/model.json', 'utf8'));
    expect(parseModelSpec({ ...card, provenance: { anything: { at: ['all'] } } }, 'm')).toMatchObject({
      provenance: { anything: { at: ['all'] } },
    });
    const [input] = card.inputs;
    expect(() => parseModelSpec({ ...card, inputs: [{ ...input, nodataReplacment: 1 }] }, 'm')).toThrow(
      'm: inputs.0 has the unknown key "nodataReplacment"; did you mean "nodataReplacement"?',
    );
    expect(() => parseModelSpec({ ...card, validity: [{ input: 'S1RTC', phases: 'event' }] }, 'm')).toThrow(
      'm: validity.0 has the unknown key "phases"; did you mean "phase"?',
    );
  });
});
