import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readFeatures } from '../../src/vector/node/index.js';
import { VERSION } from '../../src/version.js';
import { commandIn, commandsIn } from '../support/command.js';
import { temporaryFolder } from '../support/files.js';
import { writeSarScene } from '../support/sar-scene.js';

const folder = await temporaryFolder();
const fixture = (name: string): string => resolve('test/fixtures/geotiff', `${name}.tif`);

const terrachip = commandsIn(folder);

const utm = ['--crs', 'EPSG:32632', '--bounds', '300000', '4999600', '300500', '5000000'];

describe('terrachip', () => {
  it('prints its version and help', async () => {
    expect((await commandIn(folder)('--version')).stdout.trim()).toBe(VERSION);
    const help = await terrachip('--help');
    expect(help.status).toBe(0);
    for (const command of [
      'doctor',
      'info',
      'warp',
      'calc',
      'package',
      'infer',
      'finalize',
      'missing',
      'evaluate',
      'quicklook',
      'polygonize',
      'rasterize',
      'zonal',
      'cp',
      'ls',
      'demo',
      'bench',
    ]) {
      expect(help.stdout).toContain(command);
      const own = await terrachip(command, '--help');
      expect(own.status).toBe(0);
      expect(own.stdout).toMatch(/--json/);
    }
  });

  it('doctor lists what is installed', async () => {
    const { status, stdout } = await terrachip('doctor', '--json');
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ schemaVersion: 1, terrachip: VERSION, node: process.version });
    expect(report.onnx).toMatchObject({ available: true, providers: expect.arrayContaining(['cpu']) });
    if (!report.webgpu.available) expect(report.webgpu.remedy).toMatch(/Vulkan driver/);
    expect(report.resident.available).toBe(report.webgpu.available);
  });

  it('info prints the contract’s fields', async () => {
    const { stdout } = await terrachip('info', fixture('scaled-uint16'), '--checksum', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      path: fixture('scaled-uint16'),
      width: 12,
      height: 10,
      transform: [10, 0, 300000, 0, -10, 5000000],
      crs: { epsg: 32632, wkt: expect.stringContaining('UTM zone 32N') },
      compression: 'none',
      predictor: 1,
      blockSize: [12, 10],
      overviews: [],
      bands: [
        {
          index: 1,
          dtype: 'uint16',
          nodata: 65535,
          scale: 0.0001,
          offset: -0.1,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        },
        { index: 2, min: expect.any(Number), max: expect.any(Number), mean: expect.any(Number) },
      ],
    });
    const text = (await terrachip('info', fixture('scaled-uint16'))).stdout;
    expect(text).toMatch(/12 × 10, 2 bands/);
    expect(text).toMatch(/nodata 65535, scale 0\.0001, offset -0\.1/);
  });

  it('calc evaluates expressions of bands', async () => {
    const target = join(folder, 'ratio.tif');
    const source = fixture('pixel-interleaved-uint16-p2');
    const bands = ['--band', `a=${source}`, `b=${source}:2`, '-o', target];
    const { status, stdout } = await terrachip('calc', '(a - b) / (a + b)', 'a > b', ...bands, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schemaVersion: 1,
      expressions: ['(a - b) / (a + b)', 'a > b'],
    });
    expect(JSON.parse((await terrachip('info', target, '--json')).stdout).bands).toHaveLength(2);
    const wrong = await terrachip('calc', 'a - ', ...bands);
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('at column 5') });
    expect((await terrachip('calc', 'a', '--band', source, '-o', target)).stderr).toMatch(/--band cannot be/);
  });

  it('warp writes a COG, and accepts negative coordinates', async () => {
    const target = join(folder, 'warped.tif');
    const run = await terrachip(
      'warp',
      fixture('tiles-deflate-int16-p2'),
      target,
      ...utm,
      '--res',
      '20',
      '--resampling',
      'bilinear',
      '--json',
    );
    expect(run.status).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      width: 25,
      height: 20,
      dtype: 'int16',
      backend: { kind: expect.any(String) },
    });
    const coarse = await terrachip(
      'warp',
      fixture('tiles-deflate-int16-p2'),
      target,
      ...utm,
      '--res',
      '50',
      '--resampling',
      'lanczos',
      '--antialias',
      'gdal',
    );
    expect(coarse.status).toBe(0);
    expect(coarse.stdout).toMatch(/10 × 8 in EPSG:32632, int16/);
    const west = await terrachip(
      'warp',
      fixture('tiles-deflate-int16-p2'),
      target,
      '--crs',
      'EPSG:4326',
      '--bounds',
      '-1',
      '-2',
      '-0.5',
      '-1',
      '--size',
      '4',
      '4',
    );
    expect(west.status).toBe(2);
    expect(west.stderr).toMatch(/-1 -2 -0\.5 -1|longitude -1 to -0\.5/);
  });

  it('rasterize of polygonize is the class map', async () => {
    const [polygons, burned] = [join(folder, 'areas.geojson'), join(folder, 'areas.tif')];
    const source = fixture('palette-uint8');
    const found = await terrachip('polygonize', source, '-o', polygons, '--json');
    expect(found.status).toBe(0);
    const report = JSON.parse(found.stdout);
    expect(report).toMatchObject({ schemaVersion: 1, destination: polygons, areas: expect.any(Number) });
    const text = (await terrachip('polygonize', source, '-o', polygons)).stdout;
    expect(text).toMatch(/areas\.geojson: \d+ areas\n {2}\d+: \d+ areas, \d+\.\d{3} km²/);
    const options = ['-o', burned, '--like', source, '--property', 'value'];
    const back = await terrachip('rasterize', polygons, ...options);
    expect(back.stdout).toMatch(/areas\.tif: \d+ of \d+ × \d+ pixels burned, \d+ features/);
    const checksum = async (path: string): Promise<string> =>
      JSON.parse((await terrachip('info', path, '--checksum', '--json')).stdout).bands[0].sha256;
    expect(await checksum(burned)).toBe(await checksum(source));
  });

  it('zonal of polygonize has the value, the pixels and the area of each polygon', async () => {
    const [polygons, table] = [join(folder, 'zones.geojson'), join(folder, 'zones.csv')];
    const source = fixture('palette-uint8');
    await terrachip('polygonize', source, '-o', polygons);
    const options = ['--zones', polygons, '--stat', 'count,majority', 'variety', 'area', '-o', table];
    const { status, stdout } = await terrachip('zonal', source, ...options);
    expect(status).toBe(0);
    expect(stdout).toMatch(/zones\.csv: \d+ rows of \d+ zones, 1 band\n/);
    const [header, ...rows] = (await readFile(table, 'utf8')).trimEnd().split('\r\n');
    expect(header).toBe('zone,value,km2,pixels,band,count,majority,variety,area');
    expect(rows.length).toBeGreaterThan(1);
    for (const row of rows) {
      const [, value, km2, pixels, , count, majority, variety, area] = row.split(',').map(Number);
      expect([count, majority, variety]).toEqual([pixels, value, 1]);
      expect(area / 1e6).toBeCloseTo(km2, 7);
    }
    const json = JSON.parse((await terrachip('zonal', source, ...options, '--json')).stdout);
    expect(json).toMatchObject({ schemaVersion: 1, destination: table, emptyZones: 0, rows: rows.length });
  });

  it('quicklook draws a picture', async () => {
    const target = join(folder, 'q.png');
    const { status, stdout } = await terrachip(
      'quicklook',
      fixture('overviews-uint8'),
      '-o',
      target,
      '--size',
      '50',
      '--plain',
    );
    expect(status).toBe(0);
    expect(stdout.trim()).toBe(`${target}: 45 × 50`);
    expect((await readFile(target)).subarray(1, 4).toString()).toBe('PNG');
  });

  it('quicklook draws a sheet, and the alignment of a scene', async () => {
    const target = join(folder, 'sheet.png');
    const raster = fixture('overviews-uint8');
    const sheet = await terrachip('quicklook', raster, '-o', target, '--title', 'Ramp', '--json');
    expect(JSON.parse(sheet.stdout)).toMatchObject({ schemaVersion: 1, path: target, bands: [1] });
    const wrong = await terrachip('quicklook', raster, '-o', target, '--alignment');
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toMatch(/overviews-uint8\.tif is not JSON/);
  });

  it('demo makes data, a map and an evaluation', async () => {
    const { status, stdout, stderr } = await terrachip(
      'demo',
      '-o',
      join(folder, 'demo'),
      '--size',
      '256',
      '200',
      '--json',
    );
    expect(status).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.metrics.model.iou).toBeGreaterThan(0.6);
    for (const picture of [report.quicklook, report.radar, report.optical])
      expect(existsSync(picture)).toBe(true);
    expect(stderr.split('\n')).toEqual(
      expect.arrayContaining(['event', 'package', 'plan', 'infer', 'finalize', 'evaluate']),
    );
    const evaluated = await terrachip(
      'evaluate',
      join(folder, 'demo', 'map'),
      '--label',
      join(folder, 'demo', 'event', 'flood.geojson'),
    );
    expect(evaluated.stdout).toMatch(
      /everything as land would reach 0\.\d+[\s\S]*Otsu on VV +-\d[\s\S]*→ The map /,
    );
  });

  it('package puts a manifest on a grid, and infer reads its folder', async () => {
    const output = join(folder, 'packaged');
    const manifest = join(folder, 'demo', 'event', 'manifest.json');
    const done = await terrachip('package', manifest, '-o', output, '--anchor', 'snap', '--json');
    expect([done.status, JSON.parse(done.stdout || '{}').grid?.transform.slice(0, 2)]).toEqual([0, [10, 0]]);
    const map = await terrachip(
      'infer',
      output,
      '--model',
      resolve('models/water-threshold'),
      '-o',
      join(folder, 'packaged-map'),
    );
    expect(map.status).toBe(0);
  });

  it('infer runs a shard, and finalize the rest', async () => {
    const { scene } = await writeSarScene(join(folder, 'sar'), 7, 150, 540);
    const model = resolve('models/water-threshold');
    const whole = await terrachip('infer', scene, '--model', model, '-o', join(folder, 'whole'));
    expect(whole.stdout).toMatch(
      /\nland [\d.]+ % \([\d.]+ km²\), water [\d.]+ % \([\d.]+ km²\), nodata [\d.]+ %\n/,
    );
    const output = join(folder, 'sharded');
    const run = await terrachip(
      'infer',
      scene,
      '--model',
      model,
      '-o',
      output,
      '--unit-rows',
      '256',
      '--shard',
      '0/2',
      '--json',
    );
    expect(run.status).toBe(0);
    const { runFolder, unitsMissing } = JSON.parse(run.stdout);
    expect(unitsMissing).toBe(2);
    const missing = await terrachip('missing', runFolder);
    expect([missing.status, missing.stdout.trim()]).toEqual([3, '1,2']);
    const early = await terrachip('finalize', runFolder, '-o', output);
    expect([early.status, early.stderr]).toEqual([3, expect.stringMatching(/2 of 3 units .* missing/)]);
    await terrachip('infer', scene, '--model', model, '-o', output, '--unit-rows', '256', '--shard', '1/2');
    expect((await terrachip('missing', runFolder)).status).toBe(0);
    const final = await terrachip('finalize', runFolder, '-o', output);
    expect(final.status).toBe(0);
    expect(await readFile(join(output, 'classes.tif'))).toEqual(
      await readFile(join(folder, 'whole', 'classes.tif')),
    );
    const plain = join(folder, 'plain');
    const bare = await terrachip('finalize', runFolder, '-o', plain, '--no-polygons', '--json');
    expect(Object.keys(JSON.parse(bare.stdout).files)).not.toContain('polygons');
    expect(existsSync(join(plain, 'polygons.geojson'))).toBe(false);
    const columns = await terrachip('finalize', runFolder, '-o', plain, '--polygon-format', 'fgb', '--json');
    expect(JSON.parse(columns.stdout).files.polygons).toBe(join(plain, 'polygons.fgb'));
    const item = JSON.parse(await readFile(join(plain, 'item.json'), 'utf8'));
    expect(item.assets.polygons).toMatchObject({
      href: './polygons.fgb',
      type: 'application/flatgeobuf',
    });
    const properties = async (path: string): Promise<unknown[]> =>
      (await readFeatures(path)).features.map((feature) => feature.properties);
    expect(await properties(join(plain, 'polygons.fgb'))).toEqual(
      await properties(join(folder, 'whole', 'polygons.geojson')),
    );
    const both = await terrachip('finalize', runFolder, '-o', plain, '--no-polygons', '--min-area', '1ha');
    expect([both.status, both.stderr]).toEqual([
      2,
      expect.stringMatching(/--min-area has no meaning without/),
    ]);

    const job = join(folder, 'job');
    const plan = await terrachip('plan', scene, '--model', model, '-o', job, '--unit-rows', '256', '--json');
    expect([plan.status, JSON.parse(plan.stdout).units]).toEqual([0, 3]);
    const dry = await terrachip('submit', job, '--shards', '3', '--partition', 'gpu', '--dry-run');
    expect(dry.stdout).toMatch(/\.js infer \S+job --shard "\$SLURM_ARRAY_TASK_ID\/3" &/);
    expect(dry.stdout).toMatch(/^sbatch --parsable .*--partition=gpu --array=0-2 /m);
    const shards = await terrachip('missing', job, '--of', '2');
    expect([shards.status, shards.stdout.trim()]).toEqual([3, '0,1']);
    const refused = [
      [['infer', job, '--threshold', '0.3'], /--threshold is fixed by the plan of .*job; leave it out/],
      [['infer', job, '--shard', 'auto'], /--shard cannot be auto: no variables of an array job/],
      [['infer', scene, '-o', job], /--model is missing; give it, or only the folder of a planned map/],
      [['infer', scene], /has no planned job.*; plan one, or give scenes, a --model and an --output/],
      [['submit', job, '--shards', '3', '--tasks', '2'], /--shards cannot be 3 with 2 tasks/],
      [['plan', scene, '--model', model, '-o', job], /other values of --unit-rows; give the same, another/],
    ] as const;
    for (const [args, problem] of refused) {
      const { status, stderr } = await terrachip(...args);
      expect([status, stderr]).toEqual([2, expect.stringMatching(problem)]);
    }
  });

  it('evaluate prints the positive class first, and takes classes for values of a label', async () => {
    const whole = join(folder, 'whole');
    const label = join(folder, 'sar', 'label.tif');
    const given = await terrachip('evaluate', whole, '--label', label);
    expect(given.stdout).toMatch(/^positive class: water\nclass /);
    const swapped = await terrachip('evaluate', whole, '--label', label, '--map', '0=water,1=land', '--json');
    const { classes } = JSON.parse(swapped.stdout);
    expect(classes[1].labelShare).toBeGreaterThan(0.5);
    const unknown = await terrachip('evaluate', whole, '--label', label, '--map', '0=ice');
    expect([unknown.status, unknown.stderr]).toEqual([
      2,
      expect.stringMatching(/--map cannot be "ice"; choose/),
    ]);
  });
});

describe('bad input: one sentence, exit status 2, no files left', () => {
  const out = join(folder, 'out');
  const target = join(out, 'x.tif');
  const scene = join(folder, 'scene.json');
  const model = resolve('models/water-threshold');

  beforeAll(async () => {
    await mkdir(out, { recursive: true });
    await writeFile(join(folder, 'text.tif'), 'not a TIFF at all');
    const good = await readFile(fixture('tiles-deflate-int16-p2'));
    await writeFile(join(folder, 'truncated.tif'), good.subarray(0, good.length - 300));
    const bands = { VV: { href: fixture('no-crs-uint8') }, VH: { href: fixture('no-crs-uint8') } };
    const document = {
      schemaVersion: 1,
      grid: { crs: 'EPSG:32632', resolution: 10 },
      inputs: { S1RTC: { units: 'dB', phases: { event: bands } } },
    };
    await writeFile(scene, JSON.stringify(document));
    const dem = { ...document, inputs: { DEM: { units: 'm', static: { DEM: bands.VV } } } };
    await writeFile(join(folder, 'dem.json'), JSON.stringify(dem));
    const noUnits = { ...document, inputs: { S1RTC: { phases: { event: bands } } } };
    await writeFile(join(folder, 'no-units.json'), JSON.stringify(noUnits));
    await writeFile(join(folder, 'broken.json'), '{"schemaVersion":');
  });

  const source = fixture('tiles-deflate-int16-p2');
  it.each<[string, string[], RegExp]>([
    ['missing file', ['info', 'none.tif'], /none\.tif does not exist; check the path/],
    ['not a TIFF', ['info', 'text.tif'], /text\.tif is not a raster of a format that is read/],
    [
      'truncated TIFF',
      ['info', 'truncated.tif', '--checksum'],
      /truncated\.tif is (truncated|not a readable)/,
    ],
    [
      'truncated source',
      ['warp', 'truncated.tif', target, ...utm, '--res', '10'],
      /truncated\.tif is (truncated|not a readable)/,
    ],
    [
      'raster without CRS',
      ['warp', fixture('no-crs-uint8'), target, ...utm, '--res', '10'],
      /no-crs-uint8\.tif has no coordinate reference system/,
    ],
    [
      'unknown CRS',
      ['warp', source, target, '--crs', 'EPSG:123456', '--bounds', '0', '0', '1', '1', '--res', '1'],
      /EPSG:123456 is not a known/,
    ],
    [
      'two sizes',
      ['warp', source, target, '--size', '9', '9', '--res', '10'],
      /--size and --res both define/,
    ],
    [
      'two grids',
      ['warp', source, target, '--like', source, '--res', '10'],
      /--like already defines the grid/,
    ],
    [
      'three bounds',
      ['warp', source, target, '--crs', '32632', '--bounds', '1', '2', '3', '--res', '10'],
      /--bounds got 3 values; give 4/,
    ],
    [
      'bounds upside down',
      ['warp', source, target, '--crs', '32632', '--bounds', '9', '9', '1', '1', '--res', '1'],
      /do not enclose an area/,
    ],
    [
      'words for numbers',
      ['warp', source, target, ...utm, '--res', 'ten'],
      /--res cannot be "ten"; give a number/,
    ],
    [
      'a grid of 10⁹ pixels',
      ['warp', source, target, '--crs', '32632', '--bounds', '0', '0', '1', '1', '--size', '40000', '25000'],
      /40000 × 25000 pixels is larger than the limit/,
    ],
    [
      'unknown resampling',
      ['warp', source, target, ...utm, '--res', '10', '--resampling', 'cubicle'],
      /--resampling cannot be "cubicle"; choose one of/,
    ],
    [
      'impossible antialias',
      ['warp', source, target, ...utm, '--res', '10', '--resampling', 'cubic', '--antialias', 'much'],
      /--antialias cannot be "much"; give off, gdal, or destination pixels per source pixel/,
    ],
    [
      'unknown backend',
      ['warp', source, target, ...utm, '--res', '10', '--backend', 'cuda'],
      /--backend cannot be "cuda"/,
    ],
    [
      'unknown type',
      ['warp', source, target, ...utm, '--res', '10', '--dtype', 'float16'],
      /--dtype cannot be "float16"/,
    ],
    [
      'nodata that the type cannot hold',
      ['warp', source, target, ...utm, '--res', '10', '--dtype', 'uint8', '--nodata=300'],
      /--nodata cannot be 300 in uint8; give a whole number from 0 to 255, or another type\./,
    ],
    [
      'unwritable folder',
      ['warp', source, join(folder, 'no', 'x.tif'), ...utm, '--res', '10'],
      /no\/x\.tif cannot be written/,
    ],
    [
      'missing scene',
      ['infer', 'none.json', '--model', model, '-o', join(out, 'm')],
      /none\.json does not exist/,
    ],
    [
      'broken scene',
      ['infer', 'broken.json', '--model', model, '-o', join(out, 'm')],
      /broken\.json is not JSON/,
    ],
    ['missing model', ['infer', scene, '--model', 'nowhere', '-o', join(out, 'm')], /nowhere does not exist/],
    [
      'scene without the model’s input',
      ['infer', 'dem.json', '--model', model, '-o', join(out, 'm')],
      /dem\.json has the phases none|dem\.json lacks S1RTC/,
    ],
    [
      'undeclared units',
      ['infer', 'no-units.json', '--model', model, '-o', join(out, 'm')],
      /inputs\.S1RTC\.units/,
    ],
    [
      'scene without CRS',
      ['infer', scene, '--model', model, '-o', join(out, 'm')],
      /no coordinate reference system/,
    ],
    [
      'bad shard',
      ['infer', scene, '--model', model, '-o', join(out, 'm'), '--shard', '3/3'],
      /--shard cannot be "3\/3"; write it as i\/n/,
    ],
    ['missing option', ['infer', scene], /--model/],
    [
      'chips that are not square',
      ['model', 'import', 'any.pt', '-o', join(out, 'm'), '--chip', '256x128'],
      /--chip cannot be 256 × 128: chips of a model folder are square; .* wholeGraph of terrachip\/inference/,
    ],
    ['unknown option', ['info', source, '--all'], /unknown option '--all'/],
    ['unknown command', ['infre'], /unknown command/],
    ['nothing to do', ['evaluate', out], /--label is missing; give a label, or --zones/],
    [
      'bad area',
      ['evaluate', out, '--label', 'x.tif', '--min-area', '3 miles'],
      /--min-area cannot be "3 miles"; give a positive number of m²/,
    ],
    [
      'bad index',
      ['quicklook', source, '-o', join(out, 'q.png'), '--index', 'EVI'],
      /--index cannot be "EVI"; choose one of NDWI/,
    ],
    [
      'two composites',
      ['quicklook', source, '-o', join(out, 'q.png'), '--index', 'NDVI', '--true-colour'],
      /--index cannot go with NDVI and true-colour at once/,
    ],
    [
      'no grid',
      ['rasterize', 'x.geojson', '-o', join(out, 'r.tif')],
      /--crs and --bounds are needed; give both, or --like a raster/,
    ],
    [
      'a statistic that is none',
      ['zonal', source, '--zones', 'z.geojson', '--stat', 'average', '-o', join(out, 'z.csv')],
      /--stat cannot hold "average"; choose some of count, nodata/,
    ],
    [
      'half a grid',
      ['zonal', source, '--zones', 'z.geojson', '--res', '10', '-o', join(out, 'z.csv')],
      /--crs and --res define the grid together; give both, or --like a raster/,
    ],
    [
      'missing polygons',
      ['rasterize', 'none.geojson', '-o', join(out, 'r.tif'), '--like', source],
      /none\.geojson does not exist/,
    ],
    [
      'no class map',
      ['polygonize', fixture('rotated-float32'), '-o', join(out, 'p.geojson')],
      /rotated-float32\.tif holds float32, which is not a type of classes/,
    ],
    ['missing label', ['evaluate', out, '--label', 'none.tif'], /item\.json does not exist/],
    [
      'missing run',
      ['finalize', 'nowhere', '-o', join(out, 'm')],
      /nowhere has no run: neither it nor nowhere\.run holds a plan/,
    ],
    ['bad size', ['quicklook', source, '-o', join(out, 'q.png'), '--size', '0'], /--size cannot be "0"/],
  ])('%s', async (_, args, message) => {
    const { status, stdout, stderr } = await terrachip(...args);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    const sentences = stderr
      .trim()
      .split('\n')
      .filter((line) => !/^(plan|warp|read|Warning:|polygonize will read)/.test(line));
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toMatch(message);
    const left = (await readdir(out, { recursive: true })).filter((name) => name !== 'm');
    expect(left).toEqual([]);
  });

  it('a folder without write permission', async () => {
    if (process.getuid?.() === 0) {
      // Root can write anywhere; a file in place of the folder is refused even for root.
      await writeFile(join(folder, 'file'), '');
      const { status, stderr } = await terrachip(
        'infer',
        scene,
        '--model',
        model,
        '-o',
        join(folder, 'file', 'map'),
      );
      expect(status).toBe(2);
      expect(stderr).toMatch(/cannot be written/);
      return;
    }
    const locked = join(folder, 'locked');
    await mkdir(locked);
    await chmod(locked, 0o555);
    const { status, stderr } = await terrachip('warp', source, join(locked, 'x.tif'), ...utm, '--res', '10');
    expect(status).toBe(2);
    expect(stderr).toMatch(/locked\/x\.tif cannot be written .*check the folder/);
  });

  it('with --json also prints the error as a document, and a stack only with --debug', async () => {
    const { stdout, stderr } = await terrachip('info', 'none.tif', '--json');
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      error: { code: 'NOT_FOUND', source: 'none.tif', message: 'none.tif does not exist; check the path.' },
    });
    expect(stderr).not.toMatch(/\n\s+at /);
    expect((await terrachip('info', 'none.tif', '--debug')).stderr).toMatch(/\n\s+at /);
  });
});
