import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { Affine, GeoBox } from '../src/geo/node/index.js';
import { openRaster, writeCog } from '../src/raster/node/index.js';
import { webgpuProblem } from './support/backends.js';
import { temporaryFolder } from './support/files.js';

/** Runs an example in Node on the built package, and returns its output. */
async function example(name: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [`examples/${name}.js`, ...args]);
  return stdout.trim().split('\n');
}

describe.each([
  ['cpu', false],
  ['webgpu', webgpuProblem !== null],
])('examples (%s)', (backend, skip) => {
  it.skipIf(skip)('warp', async () => {
    const lines = await example('warp', backend);
    // 100 × 80 pixels less 15 in the lake, on pixels of the same size.
    const valid = Number(lines[0].match(/^(\d+) of 13200 pixels/)?.[1]);
    expect(valid).toBeGreaterThan(7900);
    expect(valid).toBeLessThan(8050);
    expect(lines[1]).toMatch(/^from 0\.\d m to 10[67]\.\d m$/);
  });

  it.skipIf(skip)('chain', async () => {
    const lines = await example('chain', backend);
    // 180 columns of data in 200 rows.
    const valid = Number(lines[0].match(/^(\d+) of 65536 pixels/)?.[1]);
    expect(Math.abs(valid - 36_000)).toBeLessThan(100);
    expect(lines[1]).toBe('3 kernels, 1 submit, 1 readback');
    expect(lines[2]).toBe('80000 bytes of pixels uploaded');
  });
});

describe('examples', () => {
  it.each(['warp', 'chain', 'stitch'])('%s is equal to its copy in docs/kernels.md', (name) => {
    expect(readFileSync('docs/kernels.md', 'utf8')).toContain(readFileSync(`examples/${name}.js`, 'utf8'));
  });

  it('stitch', async () => {
    const [chips, dark] = await example('stitch');
    const water = Number(chips.match(/^24 chips; (\d+) pixels of water, 6000 without data$/)?.[1]);
    // The model works on single pixels, so the stitched water is exactly the dark pixels.
    expect(dark).toBe(`${water} pixels are dark in the scene`);
  });

  it("the README's programs run in a folder with a scene", async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'node_modules'));
    await symlink(resolve('.'), join(folder, 'node_modules/terrachip'));
    // Open water in the western half, land in the eastern.
    const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300000, 0, -10, 5500000), 400, 300);
    const plane = (water: number, land: number) =>
      Float32Array.from({ length: geobox.pixelCount }, (_, k) => (k % 400 < 200 ? water : land));
    const bands = [plane(-21, -8), plane(-29, -14)];
    const options = { geobox, bands: 2, dtype: 'float32', nodata: Number.NaN } as const;
    for (const name of ['s1.tif', 'scene.tif']) await writeCog(join(folder, name), bands, options);

    const programs = [...readFileSync('README.md', 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)];
    for (const [k, [, code]] of programs.entries()) {
      const file = join(folder, `${k}.mjs`);
      await writeFile(file, code);
      await promisify(execFile)(process.execPath, [file], { cwd: folder });
    }

    const { classes } = JSON.parse(readFileSync(join(folder, 'water/statistics.json'), 'utf8'));
    const water = classes.find(({ name }: { name: string }) => name === 'water');
    // 200 × 300 pixels of 10 m are 6 km² in the projection; pixels at the shore may have either class.
    expect(water.km2).toBeGreaterThan(5.8);
    expect(water.km2).toBeLessThan(6.2);
    const warped = await openRaster(join(folder, 'warped.tif'));
    expect(String(warped.crs)).toBe('EPSG:32632');
    const [values] = await warped.readPlanes();
    await warped.close();
    // The corner of 256 × 256 pixels is on the grid already: its values are unchanged.
    expect(values.length).toBe(256 * 256);
    expect(Array.from(values.slice(198, 203))).toEqual([-21, -21, -8, -8, -8]);
  });

  it('are all listed in examples/README.md', () => {
    const readme = readFileSync('examples/README.md', 'utf8');
    const files = readdirSync('examples').filter((file) => /\.(js|ts)$/.test(file));
    expect(files.filter((file) => !readme.includes(`\`${file}\``))).toEqual([]);
    expect(files).toHaveLength(23);
  });

  it('import terrachip by its package name', () => {
    const allowed = /^(terrachip(\/(catalog|raster|kernels|geo|inference))?|node:path)$/;
    const imports = readdirSync('examples')
      .filter((file) => /\.(js|ts)$/.test(file))
      .flatMap((file) => [...readFileSync(`examples/${file}`, 'utf8').matchAll(/from '([^']+)'/g)])
      .map(([, specifier]) => specifier);
    expect(imports.filter((specifier) => !allowed.test(specifier))).toEqual([]);
  });
});
