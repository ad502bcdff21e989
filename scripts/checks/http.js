// npm run check:http: requests and bytes of reading a window of a large COG from nginx, compared with the bytes of its
// tiles and with GDAL's /vsicurl/. Needs Debian, and root to install missing packages of nginx and GDAL.
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { printTable, Report, requirePackages, run, terrachip } from './programs.js';
import { installProject, withTemporaryFolder } from './support.js';

await requirePackages(['nginx-light', 'gdal-bin']);
await installProject();
const { Affine, GeoBox } = await import('../../dist/geo/index.js');
const { FileSource } = await import('../../dist/io/node/index.js');
const { CogWriter, GeoTiffRaster, openRaster } = await import('../../dist/raster/node/index.js');

const [WIDTH, HEIGHT, SIDE] = [6000, 8000, 1024];
const MOST_REQUESTS = 6;
const MOST_BYTES = 1.3;

/** Bytes of the headers, read on opening. */
const HEAD_BYTES = 32 * 1024;

const FILES = [
  { name: 'float32.tif', dtype: 'float32', blockSize: 512, compression: 'deflate' },
  { name: 'uint16.tif', dtype: 'uint16', blockSize: 512, compression: 'deflate' },
  { name: 'small-tiles.tif', dtype: 'uint16', blockSize: 256, compression: 'deflate' },
  { name: 'plain.tif', dtype: 'float32', blockSize: 512, compression: 'none' },
];

/** Level and corner of the windows, on and off the tiles' edges. */
const WINDOWS = [
  [0, 0, 0],
  [0, 2500, 3300],
  [0, WIDTH - SIDE, HEIGHT - SIDE],
  [1, 1024, 2048],
  [1, 700, 1111],
  [2, 400, 901],
];

/** Writes smooth terrain with noise, whose tiles compress like measurements. */
async function writeScene(path, { dtype, blockSize, compression }) {
  const geobox = new GeoBox(32632, new Affine(10, 0, 300000, 0, -10, 5000000), WIDTH, HEIGHT);
  const level = compression === 'none' ? undefined : 1;
  const writer = await CogWriter.create(path, { geobox, bands: 1, dtype, blockSize, compression, level });
  const rows = 500;
  const band = dtype === 'uint16' ? new Uint16Array(WIDTH * rows) : new Float32Array(WIDTH * rows);
  let random = 1;
  for (let y = 0; y < HEIGHT; y += rows) {
    for (let k = 0; k < band.length; k++) {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
      const column = k % WIDTH;
      const row = y + (k - column) / WIDTH;
      band[k] = 4000 + 900 * Math.sin(column / 700) + 800 * Math.cos(row / 900) + (random >>> 27);
    }
    await writer.writeRows([band]);
  }
  await writer.finish();
}

/** A free port. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts nginx on a folder. @returns its address, its log since the last call, and a function that stops it */
async function startNginx(folder) {
  const port = await freePort();
  const log = join(folder, 'access.log');
  const configuration = join(folder, 'nginx.conf');
  await mkdir(join(folder, 'temp'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path ${join(folder, 'temp', kind)};`)
    .join(' ');
  await writeFile(
    configuration,
    `daemon off; user root; worker_processes 1; pid ${join(folder, 'nginx.pid')};
    events { worker_connections 256; }
    http {
      ${temporary}
      log_format ranges '$status $body_bytes_sent $request_method "$http_range"';
      access_log ${log} ranges;
      server { listen 127.0.0.1:${port}; root ${folder}; }
    }`,
  );
  const nginx = spawn('nginx', ['-c', configuration, '-e', join(folder, 'error.log')], { stdio: 'inherit' });
  const ended = new Promise((resolve) => nginx.on('close', resolve));
  const url = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await fetch(url);
      break;
    } catch (error) {
      if (attempt >= 50 || nginx.exitCode !== null) throw error;
      await sleep(100);
    }
  }
  let seen = (await readFile(log, 'utf8')).length;
  return {
    url,
    /** Requests and bytes of bodies since the last call. */
    async answered() {
      await sleep(50);
      const text = await readFile(log, 'utf8');
      const lines = text.slice(seen).trim().split('\n').filter(Boolean);
      seen = text.length;
      return {
        requests: lines.length,
        bytes: lines.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0),
      };
    },
    async stop() {
      nginx.kill('SIGTERM');
      await ended;
    },
  };
}

/** Bytes of the tiles of a window: the bytes that a reader needs after the headers. */
async function tileBytes(path, window, level) {
  const file = await FileSource.open(path);
  let bytes = 0;
  const raster = await GeoTiffRaster.open({
    name: file.name,
    size: file.size,
    etag: null,
    read: (offset, length) => {
      bytes += length;
      return file.read(offset, length);
    },
    dispose: () => file.dispose(),
  });
  bytes = 0;
  await raster.readPlanes({ window, level });
  await raster.close();
  return bytes;
}

/** The values of a window by GDAL from the server. */
async function readByGdal(url, folder, { x, y, width, height }, level) {
  const target = join(folder, 'window.tif');
  await run(
    'gdal_translate',
    ['-q', '-co', 'TILED=YES', '-srcwin', ...[x, y, width, height].map(String)].concat(
      level === 0 ? [] : ['-oo', `OVERVIEW_LEVEL=${level - 1}`],
      [`/vsicurl/${url}`, target],
    ),
    { env: { GDAL_DISABLE_READDIR_ON_OPEN: 'EMPTY_DIR', GDAL_PAM_ENABLED: 'NO' } },
  );
  const raster = await openRaster(target);
  const [plane] = await raster.readPlanes();
  await raster.close();
  return plane;
}

const same = (a, b) =>
  a.byteLength === b.byteLength &&
  Buffer.compare(
    Buffer.from(a.buffer, a.byteOffset, a.byteLength),
    Buffer.from(b.buffer, b.byteOffset, b.byteLength),
  ) === 0;

const report = new Report('check:http');
await withTemporaryFolder(async (folder) => {
  for (const file of FILES) await writeScene(join(folder, file.name), file);
  const server = await startNginx(folder);
  try {
    const rows = [];
    for (const { name } of FILES) {
      const url = `${server.url}/${name}`;
      await terrachip('info', url);
      const { requests } = await server.answered();
      report.check(`${name}: info takes at most 2 requests`, requests <= 2, `${requests}`);
      for (const [level, x, y] of WINDOWS) {
        const window = { x, y, width: SIDE, height: SIDE };
        const raster = await openRaster(url);
        const tensor = await raster.read({ window, overview: level });
        await raster.close();
        const ours = await server.answered();
        const tiles = await tileBytes(join(folder, name), window, level);
        const theirs = await readByGdal(url, folder, window, level);
        const gdal = await server.answered();
        const ratio = (ours.bytes - HEAD_BYTES) / tiles;
        rows.push([name, level, x, y, tiles, ours.requests, ours.bytes, ratio, gdal.requests, gdal.bytes]);
        const title = `${name}, level ${level} at (${x}, ${y})`;
        report.check(`${title}: requests`, ours.requests <= MOST_REQUESTS, `${ours.requests}`);
        report.check(`${title}: bytes`, ratio <= MOST_BYTES, `${ratio} × the tiles`);
        report.check(`${title}: values as GDAL's`, same(tensor.data, theirs));
      }
    }
    printTable(
      ['file', 'level', 'x', 'y', 'tile bytes', 'requests', 'bytes', 'ratio', 'GDAL requests', 'GDAL bytes'],
      rows,
    );
  } finally {
    await server.stop();
  }
});
report.end();
