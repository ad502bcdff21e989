// npm run check:s3: terrachip reads, writes and lists objects of an S3 server that checks every signature (moto), and boto3
// finds the same objects there.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, Report, TERRACHIP } from './programs.js';
import { installProject, withTemporaryFolder } from './support.js';
import { openTrixie } from './trixie.js';

await installProject();
const { Affine, GeoBox, TimeInterval } = await import('terrachip/geo');
const { listObjects, s3Access, uploadObject } = await import('terrachip/io');
const { CogWriter, openRaster, ZarrCubeWriter } = await import('terrachip/raster');

const report = new Report('check:s3');
const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
const hashOf = (path) => hash(readFileSync(path));
const geobox = new GeoBox('EPSG:32632', new Affine(10, 0, 300000, 0, -10, 5000000), 3000, 3500);
const value = (x, y) => (x * 7 + y * 13) % 5000;

/** A GeoTIFF with more bytes than one part of an upload. */
async function writeScene(path) {
  const writer = await CogWriter.create(path, { geobox, bands: 1, dtype: 'uint16', compression: 'none' });
  for (let y = 0; y < geobox.height; y += 500) {
    const rows = Uint16Array.from({ length: 500 * geobox.width }, (_, i) =>
      value(i % geobox.width, y + Math.floor(i / geobox.width)),
    );
    await writer.writeRows([rows]);
  }
  await writer.finish();
}

async function writeCube(path) {
  const small = new GeoBox('EPSG:32632', new Affine(10, 0, 300000, 0, -10, 5000000), 100, 80);
  const times = [TimeInterval.parse('2021-06')];
  const cube = await ZarrCubeWriter.create(path, { geobox: small, times, variables: { red: {} }, chunk: 32 });
  const values = Float32Array.from({ length: 8000 }, (_, i) => value(i % 100, Math.floor(i / 100)));
  await cube.write('red', 0, { x: 0, y: 0, width: 100, height: 80 }, values);
  await cube.close();
}

/** Runs commands with their own server and folder. */
function commandsAt(url, folder, [keyId, secret, token]) {
  const home = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_ENDPOINT_URL: url,
    AWS_SESSION_TOKEN: token ?? '',
  };
  const keys = { AWS_ACCESS_KEY_ID: keyId, AWS_SECRET_ACCESS_KEY: secret };
  const run = (env, ...args) =>
    attempt(process.execPath, [TERRACHIP, ...args], { env: { ...home, ...keys, ...env } });
  return {
    run,
    /** @returns the JSON document of a command that must succeed */
    async document(...args) {
      const { status, stdout, stderr } = await run({}, ...args, '--json');
      report.check(`terrachip ${args.join(' ')}`, status === 0, stderr);
      return status === 0 ? JSON.parse(stdout) : null;
    },
    /** A command that must fail with one sentence that has these words. */
    async refused(claim, words, env, ...args) {
      const { status, stdout, stderr } = await run(env, ...args);
      // Before it, a command may say what it will read and write.
      const errors = stderr.split('\n').filter((line) => line.startsWith('terrachip: '));
      const isOne = errors.length === 1 && errors[0].startsWith('terrachip: s3://');
      report.check(`${claim}: refused`, status === 2 && isOne && words.test(stderr), `${status} ${stderr}`);
      const given = Object.values({ ...keys, ...env }).filter((text) => text.length > 8);
      report.check(`${claim}: no secret shown`, !given.some((text) => (stdout + stderr).includes(text)));
    },
  };
}

const { python, start, close } = await openTrixie();
const server = await start('s3/serve.py');
const { url, key, session } = server.document;
const look = (request) => python('s3/look.py', { url, key, bucket: 'closed', ...request });

async function checkCopies(folder, { document }) {
  const scene = join(folder, 'scene.tif');
  await document('cp', scene, 's3://closed/maps/');
  await document('cp', 's3://closed/maps/scene.tif', join(folder, 'back.tif'));
  report.same('a copy to the store and back', hashOf(join(folder, 'back.tif')), hashOf(scene));

  const odd = "odd/ä b+c(1)'&=%~!*.txt";
  const address = `s3://closed/${odd.split('/').map(encodeURIComponent).join('/')}`;
  writeFileSync(join(folder, 'note.txt'), 'a note');
  await document('cp', join(folder, 'note.txt'), address);
  const { objects } = await look({ read: true, store: { 'odd/by boto3+ü.txt': 'another' } });
  report.same("boto3: the scene's bytes", objects['maps/scene.tif']?.sha256, hashOf(scene));
  const parts = Math.ceil(statSync(scene).size / (16 * 2 ** 20));
  report.check('the scene came in parts', parts > 1 && objects['maps/scene.tif']?.etag.endsWith(`-${parts}`));
  report.same('boto3: a name with special characters', objects[odd]?.sha256, hash('a note'));
  await document('cp', `s3://closed/odd/${encodeURIComponent('by boto3+ü.txt')}`, join(folder, 'theirs.txt'));
  report.same("boto3's object", readFileSync(join(folder, 'theirs.txt'), 'utf8'), 'another');
}

async function checkLists({ document }) {
  const store = Object.fromEntries(
    Array.from({ length: 1050 }, (_, k) => [`many/${k % 2}/${k}.txt`, `${k}`]),
  );
  const { objects } = await look({ store, prefix: 'many/' });
  const names = (list) => list?.files.map((file) => [decodeURIComponent(file.url.slice(12)), file.size]);
  const recursive = await document('ls', 's3://closed/many/', '--recursive');
  const expected = Object.entries(objects).map(([name, { size }]) => [name, size]);
  report.same('a list of two pages', names(recursive), expected);
  report.same('its length', recursive?.files.length, 1050);
  report.same('its folders', names(await document('ls', 's3://closed/many/')), [
    ['many/0/', null],
    ['many/1/', null],
  ]);
}

/** Every kind of file has the same content from S3 and from the disk. */
async function checkReading(folder, { document, run }) {
  const local = join(folder, 'scene.tif');
  const without = ({ path, ...rest } = {}) => rest;
  const remote = await document('info', 's3://closed/maps/scene.tif');
  report.same('info', without(remote), without(await document('info', local)));
  const grid = ['--crs', 'EPSG:32631', '--res', '25'];
  await document('warp', 's3://closed/maps/scene.tif', join(folder, 'a.tif'), ...grid);
  await document('warp', local, join(folder, 'b.tif'), ...grid);
  report.same('a warped scene', hashOf(join(folder, 'a.tif')), hashOf(join(folder, 'b.tif')));
  await document('warp', 's3://closed/maps/scene.tif', 's3://closed/written/a.tif', ...grid);
  const { objects } = await look({ read: true, prefix: 'written/' });
  report.same(
    'boto3: a scene warped into the store',
    objects['written/a.tif']?.sha256,
    hashOf(join(folder, 'b.tif')),
  );

  const access = s3Access({ endpoint: url, credentials: { accessKeyId: key[0], secretAccessKey: key[1] } });
  await writeCube(join(folder, 'cube.zarr'));
  for (const name of readdirSync(join(folder, 'cube.zarr'), { recursive: true })) {
    const path = join(folder, 'cube.zarr', name);
    if (!statSync(path).isFile()) continue;
    const bytes = new Uint8Array(readFileSync(path));
    const source = { size: bytes.length, read: async (from, length) => bytes.slice(from, from + length) };
    await uploadObject(`s3://closed/cube.zarr/${name}`, source, { access });
  }
  const cube = await openRaster('s3://closed/cube.zarr#red', { access });
  const [plane] = await cube.readPlanes();
  await cube.close();
  const expected = Array.from({ length: 8000 }, (_, i) => value(i % 100, Math.floor(i / 100)));
  report.same('the values of a Zarr folder', [...plane], expected);

  const ring = [
    [6, 45],
    [6.5, 45],
    [6.5, 45.5],
    [6, 45.5],
    [6, 45],
  ];
  const area = { type: 'Feature', properties: {}, geometry: { type: 'Polygon', coordinates: [ring] } };
  writeFileSync(
    join(folder, 'area.geojson'),
    JSON.stringify({ type: 'FeatureCollection', features: [area] }),
  );
  await document('cp', join(folder, 'area.geojson'), 's3://closed/area.geojson');
  const burn = ['--like', local, '-o'];
  await document('rasterize', 's3://closed/area.geojson', ...burn, join(folder, 'c.tif'));
  await document('rasterize', join(folder, 'area.geojson'), ...burn, join(folder, 'd.tif'));
  report.same('burned polygons', hashOf(join(folder, 'c.tif')), hashOf(join(folder, 'd.tif')));

  await document('catalog', 'build', 's3://closed/maps/scene.tif', '-o', join(folder, 'rows.parquet'));
  await document('cp', join(folder, 'rows.parquet'), 's3://closed/rows.parquet');
  const found = await document(
    'catalog',
    'query',
    's3://closed/rows.parquet',
    '--bbox',
    '6',
    '45',
    '6.6',
    '45.2',
  );
  report.check('a catalog of addresses', JSON.stringify(found).includes('s3://closed/maps/scene.tif'));

  const cache = join(folder, 'cache');
  const cached = ['s3://closed/maps/scene.tif', join(folder, 'a.tif'), ...grid, '--cache', cache];
  for (const which of ['first', 'second']) {
    const { status, stderr } = await run({}, 'warp', ...cached);
    report.check(`the ${which} warp with a cache`, status === 0, stderr);
    report.same('its result', hashOf(join(folder, 'a.tif')), hashOf(join(folder, 'b.tif')));
  }
  const kept = readdirSync(cache, { recursive: true }).map((name) => join(cache, name));
  const text = kept
    .map((path) => path + (statSync(path).isFile() ? readFileSync(path, 'latin1') : ''))
    .join();
  const size = kept.reduce((sum, path) => sum + statSync(path).size, 0);
  report.check(
    'the cache holds no key',
    ![...key, 'closed', 'Signature'].some((word) => text.includes(word)),
  );
  report.check('the cache holds the scene', size > geobox.width * geobox.height * 2, `${size} bytes`);
}

async function checkRefusals(folder, { refused, run }) {
  const wrong = { AWS_SECRET_ACCESS_KEY: 'a-secret-that-is-wrong' };
  await refused('a wrong secret', /SignatureDoesNotMatch/, wrong, 'ls', 's3://closed/');
  await refused(
    'a write with a wrong secret',
    /403/,
    wrong,
    'cp',
    join(folder, 'note.txt'),
    's3://closed/n.txt',
  );
  const unknown = { AWS_ACCESS_KEY_ID: 'AKIAUNKNOWNUNKNOWN00' };
  await refused('an unknown key', /InvalidAccessKeyId/, unknown, 'ls', 's3://closed/');
  const visitor = { AWS_ACCESS_KEY_ID: session[0], AWS_SECRET_ACCESS_KEY: session[1] };
  const allowed = await run({ ...visitor, AWS_SESSION_TOKEN: session[2] }, 'ls', 's3://closed/maps/');
  report.check('the key of a session', allowed.status === 0, allowed.stderr);
  const stale = { ...visitor, AWS_SESSION_TOKEN: 'a-token-that-is-wrong' };
  await refused('a wrong session token', /InvalidToken/, stale, 'ls', 's3://closed/');

  const nobody = { AWS_NO_SIGN_REQUEST: 'YES' };
  await refused('anonymous access to a closed bucket', /AccessDenied/, nobody, 'ls', 's3://closed/');
  await refused('an anonymous read', /403/, nobody, 'info', 's3://closed/maps/scene.tif');
  await run({}, 'cp', join(folder, 'note.txt'), 's3://open/note.txt');
  const list = await run(nobody, 'ls', 's3://open/');
  report.check(
    'an anonymous list of an open bucket',
    list.stdout.includes('s3://open/note.txt'),
    list.stderr,
  );
  const copied = await run(nobody, 'cp', 's3://open/note.txt', join(folder, 'open.txt'));
  report.check('an anonymous read of an open bucket', copied.status === 0, copied.stderr);
  await refused('an anonymous write', /403/, nobody, 'cp', join(folder, 'note.txt'), 's3://open/note.txt');

  mkdirSync(join(folder, '.aws'));
  const profile = `[team]\naws_access_key_id = ${key[0]}\naws_secret_access_key = ${key[1]}\n`;
  writeFileSync(join(folder, '.aws', 'credentials'), profile);
  const team = { AWS_ACCESS_KEY_ID: '', AWS_SECRET_ACCESS_KEY: '', AWS_PROFILE: 'team' };
  const byProfile = await run(team, 'ls', 's3://closed/maps/');
  report.check('the key of a profile', byProfile.status === 0, byProfile.stderr);
}

/** An upload that fails leaves neither an object nor parts. */
async function checkFailedUpload() {
  const access = s3Access({ endpoint: url, credentials: { accessKeyId: key[0], secretAccessKey: key[1] } });
  const part = 5 * 2 ** 20;
  const read = async (offset, length) => {
    if (offset >= 2 * part) throw new Error('the disk failed');
    return new Uint8Array(length);
  };
  const upload = uploadObject('s3://closed/half.bin', { size: 3 * part, read }, { access, partSize: part });
  report.same('a failed upload', await upload.catch((error) => error.message), 'the disk failed');
  const { objects, uploads } = await look({ prefix: 'half' });
  report.same('its remains', [Object.keys(objects), uploads], [[], []]);
  const listed = [];
  for await (const object of listObjects('s3://closed/half', { access })) listed.push(object.url);
  report.same('its list', listed, []);
}

try {
  await withTemporaryFolder(async (folder) => {
    await writeScene(join(folder, 'scene.tif'));
    const commands = commandsAt(url, folder, key);
    await checkCopies(folder, commands);
    await checkLists(commands);
    await checkReading(folder, commands);
    await checkRefusals(folder, commands);
    await checkFailedUpload();
  });
} finally {
  await server.stop();
  close();
}
report.end();
