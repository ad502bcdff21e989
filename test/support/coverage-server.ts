/** A Web Coverage Service of one coverage in EPSG:3035 with pixels of 10 m, as a real HTTP server. */
import { readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { Affine, GeoBox } from '../../src/geo/node/index.js';
import { writeCog } from '../../src/raster/node/index.js';

export interface CoverageServer {
  readonly url: string;
  /** The requested subsets, `x0,x1,y0,y1`. */
  readonly asked: string[];
  /** Shifts the pixels of each response by this many metres, like a service that resamples. */
  shift: number;
}

/**
 * @param valueAt of the pixel with this lower left corner
 * @param most pixels per side; more are refused with an OGC exception
 */
export async function serveCoverage(
  folder: string,
  valueAt: (x: number, y: number) => number,
  most: number,
): Promise<CoverageServer> {
  const asked: string[] = [];
  const state = { shift: 0 };
  const server = createServer((request, response) => {
    const refuse = (text: string): void => {
      const type = { 'content-type': 'text/xml' };
      const report = `<ows:ExceptionReport><ows:Exception><ows:ExceptionText>${text}</ows:ExceptionText></ows:Exception></ows:ExceptionReport>`;
      response.writeHead(200, type).end(report);
    };
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    const subsets = query.getAll('SUBSET').map((text) => /^([xy])\((-?\d+),(-?\d+)\)$/.exec(text));
    const [x, y] = ['x', 'y'].map((axis) => subsets.find((subset) => subset?.[1] === axis));
    const fixed = ['SERVICE', 'VERSION', 'REQUEST', 'COVERAGEID', 'FORMAT'].map((name) => query.get(name));
    if (fixed.join() !== 'WCS,2.0.1,GetCoverage,Coverage1,image/tiff')
      return refuse(`not found: ${fixed.join()}`);
    if (!x || !y) return refuse('SUBSET is missing');
    const [x0, x1, y0, y1] = [x[2], x[3], y[2], y[3]].map(Number);
    asked.push([x0, x1, y0, y1].join());
    const [width, height] = [(x1 - x0) / 10, (y1 - y0) / 10];
    if (Math.max(width, height) > most) return refuse('The requested image exceeds the size limit.');
    const values = new Uint8Array(width * height);
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        values[row * width + column] = valueAt(x0 + 10 * column, y1 - 10 * (row + 1));
      }
    }
    const path = join(folder, `coverage-${asked.length}.tif`);
    const geobox = new GeoBox(3035, new Affine(10, 0, x0 + state.shift, 0, -10, y1), width, height);
    writeCog(path, [values], { geobox, bands: 1, dtype: 'uint8' })
      .then(() => readFile(path))
      .then((bytes) => response.writeHead(200, { 'content-type': 'image/tiff' }).end(bytes))
      .then(
        () => rm(path),
        (error: unknown) => refuse(String(error)),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  afterAll(() => {
    server.close();
    server.closeAllConnections();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ImageServer/WCSServer`;
  return Object.assign(state, { url, asked });
}
