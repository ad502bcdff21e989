import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { accessOf } from '../../src/cli/access.js';
import { commandsWith } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';
import { CLIENT, startSentinelHub } from '../support/sentinel-hub.js';

const folder = await temporaryFolder();
const none = { CDSE_CLIENT_ID: '', CDSE_CLIENT_SECRET: '', SH_CLIENT_ID: '', SH_CLIENT_SECRET: '' };
const given = { ...none, CDSE_CLIENT_ID: CLIENT.clientId, CDSE_CLIENT_SECRET: CLIENT.clientSecret };
const run = commandsWith(given, folder, 'copernicus', 'process');
const runWithout = commandsWith(none, folder, 'copernicus', 'process');

const PLACE = ['--crs', 'EPSG:32632', '--bounds', '300000', '5600000', '300400', '5600200', '--res', '10'];
const JOB = ['--collection', 'sentinel-2-l2a', '--datetime', '2023-07-15', '--bands', 'B04', ...PLACE];

describe('terrachip copernicus process', async () => {
  const hub = await startSentinelHub((_, x) => (x < 300_200 ? 0.25 : null));
  const here = ['--endpoint', hub.endpoint, '--token-url', hub.tokenUrl];

  it('writes a COG, and prints its content and cost', async () => {
    const { status, stdout } = await run('-o', 'red.tif', ...JOB, ...here);
    expect(status).toBe(0);
    expect(stdout).toBe(
      'red.tif: 40 × 20 in EPSG:32632, uint16 in dn_harmonised, valid 50.0 %, 0.50 processing units\n',
    );
  });

  it('reports the request as JSON, without credentials', async () => {
    const { stdout } = await run('-o', 'json.tif', ...JOB, ...here, '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      units: 'dn_harmonised',
      data: { type: 'sentinel-2-l2a', processing: { harmonizeValues: true } },
    });
    const file = (await readFile(join(folder, 'json.tif'))).toString('latin1');
    for (const secret of [CLIENT.clientSecret, 'token-number']) {
      expect(stdout).not.toContain(secret);
      expect(file).not.toContain(secret);
    }
  });

  it.each([
    [
      ['--dtype', 'uint16', '--units', 'reflectance'],
      '--dtype cannot be uint16 for a reflectance, whose values would be rounded to 0 and 1; give float32, or the units dn_harmonised.',
    ],
    [['--max-pixels', '100'], 'choose a coarser --res, smaller --bounds, or raise --max-pixels'],
    [['--bands', 'B1'], '--bands cannot be "B1"; choose one of B01'],
  ])('refuses %j in one sentence', async (options, message) => {
    const { status, stdout, stderr } = await run('-o', 'no.tif', ...JOB, ...here, ...options);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('reports missing credentials', async () => {
    const { status, stderr } = await runWithout('-o', 'no.tif', ...JOB, ...here);
    expect(status).toBe(2);
    expect(stderr).toBe(
      'terrachip: CDSE_CLIENT_ID and CDSE_CLIENT_SECRET are not set; register an OAuth client at the Copernicus Data Space, and set both.\n',
    );
  });

  it('does not replace the raster whose grid it uses', async () => {
    await writeFile(join(folder, 'like.tif'), '');
    const { stderr } = await run('-o', 'like.tif', '--collection', 'dem', '--like', 'like.tif', ...here);
    expect(stderr).toContain('like.tif is also an input and would be destroyed');
  });
});

describe('accessOf', () => {
  const request = { method: 'GET', headers: {}, refresh: false };

  it('requires credentials where they are needed', async () => {
    const access = accessOf({ CDSE_CLIENT_ID: 'a' }, '.');
    expect(await access.authorize({ ...request, url: 'https://example.org/a.tif' })).toBeNull();
    await expect(
      access.authorize({ ...request, url: 'https://sh.dataspace.copernicus.eu/api/v1/catalog/1.0.0/search' }),
    ).rejects.toThrow('CDSE_CLIENT_SECRET is not set; set it too.');
  });
});
