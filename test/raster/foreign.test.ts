/** Unsupported files are recognised by their first bytes, and the error says what to do. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { findModel } from '../../src/inference/node/index.js';
import { openRaster, writeNpy } from '../../src/raster/node/index.js';
import { missingUnits } from '../../src/workflow/index.js';
import { temporaryFolder } from '../support/files.js';
import { buildZip } from '../support/zip.js';

const folder = await temporaryFolder();

describe('openRaster', () => {
  it.each([
    ['a.png', '\x89PNG\r\n\x1a\n\0\0', /a\.png is a PNG picture, which is not read; convert it with gdal_translate/],
    ['a.jpg', '\xff\xd8\xff\xe0', /is a JPEG picture/],
    ['a.webp', 'RIFF\0\0\0\0WEBPVP8 ', /is a WebP picture/],
    ['a.grb', 'GRIB\0\0\0\x02', /is a GRIB file/],
    ['a.hdf', '\x0e\x03\x13\x01', /is an HDF4 file/],
    ['a.nc', 'CDF\x05\0\0\0\0', /of the kind CDF-5, which is not read; convert it with nccopy -k nc4/],
    ['a.gpkg', 'SQLite format 3\0', /is a GeoPackage/],
    ['a.vrt', '<VRTDataset rasterXSize="1">', /is a VRT file of GDAL/],
    ['a.html', '\n<!DOCTYPE html><html>', /is an HTML page/],
    ['a.tif.gz', '\x1f\x8b\x08', /is a gzip file, which is not read; unpack it/],
    ['a.json', '{"type": "FeatureCollection"}', /is a JSON document/],
    ['a.fits', 'SIMPLE  =                    T', /is a FITS image/],
    ['a.tar', `${'a'.repeat(257)}ustar`, /is a tar archive, which is not read; unpack it first/],
    ['a.tif', 'version https://git-lfs.github.com/spec/v1\n', /is a pointer of Git LFS to a file, .* git lfs pull/],
    ['a.csv', 'x,y\n1,2\n', /a\.csv is not a raster of a format that is read \(GeoTIFF, JPEG 2000, .*gdal_translate/],
    ['empty.tif', '', /empty\.tif is empty/],
    ['cut.tif', 'II*\0\x08\0\0\0', /cut\.tif is not a readable TIFF|cut\.tif/],
  ])('names %s', async (name, bytes, message) => {
    await writeFile(join(folder, name), bytes, 'latin1');
    await expect(openRaster(join(folder, name))).rejects.toThrow(message);
  }); // biome-ignore format: a table

  it('names an ENVI image by its header and a SAFE folder by its manifest or its name', async () => {
    await writeFile(join(folder, 'envi.dat'), new Uint8Array(64));
    await writeFile(join(folder, 'envi.HDR'), 'ENVI\nsamples = 8\n');
    await expect(openRaster(join(folder, 'envi.dat'))).rejects.toThrow(
      /is an ENVI image, as its \.hdr file says/,
    );
    await writeFile(join(folder, 'grid.bil'), new Uint8Array(64));
    await writeFile(join(folder, 'grid.hdr'), 'BYTEORDER I\nNROWS 8\nNCOLS 8\n');
    await expect(openRaster(join(folder, 'grid.bil'))).rejects.toThrow(
      /is a raw image of Esri .* as its \.hdr/,
    );
    await mkdir(join(folder, 'S2.SAFE'));
    await writeFile(join(folder, 'S2.SAFE', 'manifest.safe'), '<a/>');
    await mkdir(join(folder, 'part.SAFE'));
    for (const name of ['S2.SAFE', 'part.SAFE', 'part.SAFE/']) {
      await expect(openRaster(join(folder, name))).rejects.toThrow(/is a SAFE folder.*catalog build/);
    }
  });

  it('names a folder, whatever its name ends in', async () => {
    await mkdir(join(folder, 'scene.tif'));
    await expect(openRaster(join(folder, 'scene.tif'))).rejects.toThrow(
      /scene\.tif is a folder and no Zarr store; give a raster file, or the folder of a Zarr store\.$/,
    );
  });

  it('lists the images of a zip file', async () => {
    const archive = join(folder, 'images.zip');
    const bytes = Uint8Array.of(1);
    await writeFile(
      archive,
      buildZip([
        { name: 'readme.txt', bytes },
        { name: 'band/B04.jp2', bytes },
      ]),
    );
    await expect(openRaster(archive)).rejects.toThrow(
      `${archive} is a zip file of the images band/B04.jp2; name one, as ${archive}#band/B04.jp2.`,
    );
    await writeFile(archive, buildZip([{ name: 'readme.txt', bytes }]));
    await expect(openRaster(archive)).rejects.toThrow(
      /is a zip file without a raster that is read; unpack it/,
    );
  });

  it('lists the arrays of a .npz file, and reads one by name', async () => {
    const array = join(folder, 'a.npy');
    await writeNpy(array, { shape: [1, 2], dtype: 'uint8' }, Uint8Array.of(3, 5));
    const bytes = await readFile(array);
    const archive = join(folder, 'a.npz');
    const parts = ['first', 'second'].map((name) => ({
      name: `${name}.npy`,
      bytes,
      deflate: name === 'second',
    }));
    await writeFile(archive, buildZip(parts));
    await expect(openRaster(archive)).rejects.toThrow(
      `${archive} is a .npz archive of the arrays first, second; name the array, as ${archive}#first.`,
    );
    for (const name of ['first', 'second', 'second.npy']) {
      const raster = await openRaster(`${archive}#${name}`);
      expect([raster.width, raster.height, await raster.readPlanes()]).toEqual([2, 1, [Uint8Array.of(3, 5)]]);
      await raster.close();
    }
    await expect(openRaster(`${archive}#third`)).rejects.toThrow(/third/);
  });
});

describe('findModel', () => {
  it('accepts a folder or the name of a bundled model', async () => {
    expect(await findModel('models/demo-flood')).toBe('models/demo-flood');
    expect(await findModel('water-threshold')).toMatch(/models\/water-threshold$/);
    await expect(findModel('somewhere/else')).rejects.toThrow(
      'else does not exist, and is not the name of a bundled model (demo-flood, demo-water-s1, water-threshold); give',
    );
    for (const name of ['demo-watr-s1', 'elsewhere/demo-water-s1', 'Demo_Water_S1', 'demo-water-s1/'])
      await expect(findModel(name)).rejects.toThrow(/; did you mean demo-water-s1\?$/);
  });
});

describe('missingUnits', () => {
  it('lists the runs of a folder of runs', async () => {
    const runs = join(folder, 'out.run');
    for (const name of ['abc', 'def']) {
      await mkdir(join(runs, name), { recursive: true });
      await writeFile(join(runs, name, 'plan.json'), '{}');
    }
    await expect(missingUnits(runs)).rejects.toThrow(
      /has several runs: .*out\.run\/abc, .*out\.run\/def; give one of them/,
    );
  });
});
