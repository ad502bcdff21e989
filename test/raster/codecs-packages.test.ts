import { describe, expect, it, vi } from 'vitest';
import { openRaster } from '../../src/raster/node/index.js';
import { probeReaders } from '../../src/raster/node/packages.js';

vi.mock('sharp', () => {
  throw new Error("Cannot find package 'sharp'");
});

describe('without the package of a codec', () => {
  it.each(['jpeg-grey', 'webp-lossless'])('%s is refused with the package’s name', async (name) => {
    const raster = await openRaster(`test/fixtures/codecs/${name}.tif`);
    await expect(raster.readPlanes()).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(
        /\.tif is compressed by (jpeg|webp), and .*sharp.*; run npm install sharp\.$/,
      ),
    });
    await raster.close();
  });

  it('lists the missing packages', async () => {
    const [sharp, lzma] = await probeReaders();
    expect(sharp).toMatchObject({ package: 'sharp', reads: ['jpeg', 'webp'], available: false });
    expect(lzma).toMatchObject({ package: '@napi-rs/lzma', reads: ['lzma'], available: true });
  });
});
