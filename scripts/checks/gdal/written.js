// Writing: compares COGs of every kind with GDAL's and rasterio's reading.
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { attempt, inParallel, PYTHON, python, run } from '../programs.js';

const WIDTH = 203;
const HEIGHT = 141;
const BLOCK = 64;
const ARRAYS = {
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  float32: Float32Array,
  float64: Float64Array,
};
const TRANSFORM = [20, 0, 500_000, 0, -20, 5_500_000];
const ROTATED = [17, 5, 500_000, 6, -18, 5_500_000];

/** CRSs without an EPSG code that GeoTIFF can store, with a longitude and latitude in their area. */
const SYSTEMS = {
  'transverse Mercator': [
    '+proj=tmerc +lat_0=49 +lon_0=7.3 +k=0.99987 +x_0=80000 +y_0=-1000 +datum=WGS84',
    7,
    50,
  ],
  'transverse Mercator, Bessel': [
    '+proj=tmerc +lat_0=0 +lon_0=9 +k=1 +x_0=3500000 +ellps=bessel +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7',
    9,
    50,
  ],
  'UTM on another ellipsoid': ['+proj=utm +zone=32 +ellps=intl +towgs84=-87,-98,-121', 9, 45],
  LAEA: ['+proj=laea +lat_0=48 +lon_0=11 +x_0=1000 +y_0=2000 +ellps=GRS80 +towgs84=0,0,0', 11, 48],
  'LCC 2SP': ['+proj=lcc +lat_1=45 +lat_2=52 +lat_0=47 +lon_0=8 +x_0=5e5 +y_0=2e5 +datum=WGS84', 8, 48],
  'LCC 1SP': ['+proj=lcc +lat_1=47 +lat_0=47 +lon_0=8 +k_0=0.9996 +x_0=5e5 +datum=WGS84', 8, 48],
  Albers: ['+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-96 +datum=NAD83', -96, 40],
  'Albers in US feet': [
    '+proj=aea +lat_1=29.5 +lat_2=45.5 +lat_0=23 +lon_0=-95 +x_0=3e5 +datum=NAD83 +units=us-ft',
    -96,
    40,
  ],
  'polar stereographic by parallel': ['+proj=stere +lat_0=90 +lat_ts=69 +lon_0=-44 +datum=WGS84', -44, 75],
  'polar stereographic by scale': ['+proj=stere +lat_0=-90 +k=0.98 +lon_0=20 +x_0=2e6 +datum=WGS84', 20, -75],
  Mercator: ['+proj=merc +lon_0=20 +k=0.99 +x_0=1000 +datum=WGS84', 20, 40],
  'Mercator by parallel': ['+proj=merc +lon_0=20 +lat_ts=42 +datum=WGS84', 20, 40],
  'oblique stereographic': [
    '+proj=sterea +lat_0=52 +lon_0=5.4 +k=0.9999 +x_0=155000 +ellps=bessel +towgs84=565,50,465',
    5,
    52,
  ],
  sinusoidal: ['+proj=sinu +lon_0=10 +a=6371007.181 +b=6371007.181', 12, 30],
  equirectangular: ['+proj=eqc +lat_ts=30 +lon_0=5 +datum=WGS84', 6, 30],
  'Cassini-Soldner': ['+proj=cass +lat_0=10 +lon_0=-61 +x_0=86501 +y_0=65379 +ellps=GRS80', -61, 10],
  'azimuthal equidistant': ['+proj=aeqd +lat_0=0 +lon_0=10 +a=6371000 +b=6371000', 10, 5],
  'equidistant conic': ['+proj=eqdc +lat_1=40 +lat_2=60 +lat_0=50 +lon_0=15 +datum=WGS84', 15, 50],
  Miller: ['+proj=mill +lon_0=5 +a=6371000 +b=6371000', 5, 30],
  orthographic: ['+proj=ortho +lat_0=40 +lon_0=5 +a=6371000 +b=6371000', 5, 40],
  gnomonic: ['+proj=gnom +lat_0=40 +lon_0=5 +a=6371000 +b=6371000', 5, 40],
  Robinson: ['+proj=robin +lon_0=5 +a=6371000 +b=6371000', 5, 30],
  'cylindrical equal area': ['+proj=cea +lat_ts=30 +lon_0=5 +datum=WGS84', 5, 30],
  'American polyconic': ['+proj=poly +lat_0=0 +lon_0=-54 +x_0=5e6 +y_0=1e7 +ellps=GRS80', -54, -10],
  'longitudes and latitudes of a sphere': ['+proj=longlat +a=6371000 +b=6371000', 5, 40],
  'longitudes from Paris': ['+proj=longlat +ellps=clrk66 +pm=2.33722917 +towgs84=-8,160,176', 5, 45],
};

/** Reproducible values with a pattern, gaps and noise. */
function plane(dtype, band) {
  const values = new ARRAYS[dtype](WIDTH * HEIGHT);
  const float = dtype.startsWith('float');
  let state = 12345 + band;
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const smooth = 50 + 40 * Math.sin((i % WIDTH) / 9) * Math.cos(i / WIDTH / 7);
    values[i] = state % 11 === 0 ? 7 : smooth + (float ? state / 2 ** 32 : state % 5);
  }
  return values;
}

/** The COGs to write: names, options, and the resampling of overviews. */
function variants(geobox) {
  const base = { geobox, bands: 1, dtype: 'int16', nodata: 7, blockSize: BLOCK };
  const list = [];
  const add = (name, options) => list.push({ name, options: { ...base, ...options } });
  for (const dtype of Object.keys(ARRAYS)) {
    const predictors = dtype.startsWith('float') ? [1, 2, 3] : [1, 2];
    for (const predictor of predictors) add(`${dtype}-deflate-${predictor}`, { dtype, predictor });
    add(`${dtype}-zstd`, { dtype, compression: 'zstd' });
    add(`${dtype}-none`, { dtype, compression: 'none' });
    add(`${dtype}-bands`, { dtype, bands: 3, interleave: 'band' });
    add(`${dtype}-pixels`, { dtype, bands: 3 });
    add(`${dtype}-bigtiff`, { dtype, bands: 2, bigTiff: true });
  }
  for (const overviews of ['average', 'mode', 'nearest']) {
    add(`overviews-${overviews}`, { overviews });
    add(`overviews-${overviews}-undeclared`, { overviews, nodata: null });
    add(`overviews-${overviews}-float`, { overviews, dtype: 'float32' });
  }
  add('overviews-none', { overviews: 'none' });
  add('overviews-none-bands', { overviews: 'none', bands: 2, interleave: 'band' });
  add('level-1', { level: 1 });
  add('zstd-22', { compression: 'zstd', level: 22 });
  add('one-tile', { blockSize: 512 });
  add('sparse', { sparse: true });
  add('described', {
    bands: 2,
    descriptions: ['red & <blue>', ''],
    scales: [0.0001, 1],
    offsets: [-0.1, 0],
    metadata: { TIFFTAG_SOFTWARE: 'terrachip', 'a "b" <c>': 'd & e\nf' },
    bandMetadata: [{ wavelength: '665 nm' }, { wavelength: '842 nm', quality: '1 < 2' }],
  });
  return list;
}

export async function checkWritten(report, folder) {
  // Imported late, since the project is built first.
  const { Affine, GeoBox } = await import('terrachip/geo');
  const { writeCog } = await import('terrachip/raster');
  const box = (crs, transform) => new GeoBox(crs, new Affine(...transform), WIDTH, HEIGHT);
  const path = (name) => join(folder, `written-${name.replace(/\W+/g, '-')}.tif`);

  const wanted = variants(box('EPSG:32631', TRANSFORM));
  wanted.push({ name: 'rotated', options: { ...wanted[0].options, geobox: box('EPSG:32631', ROTATED) } });
  for (const { name, options } of wanted) {
    const planes = Array.from({ length: options.bands }, (_, band) => plane(options.dtype, band));
    if (name === 'sparse') for (const values of planes) values.fill(7, 0, 70 * WIDTH);
    await writeCog(path(name), planes, options);
    const hash = (values) => createHash('sha256').update(values).digest('hex');
    Object.assign(
      wanted.find((variant) => variant.name === name),
      { hashes: planes.map(hash) },
    );
  }
  const seen = await python(
    'gdal/describe_rasters.py',
    wanted.map(({ name, options }) => ({
      path: path(name),
      overviews: options.overviews === 'none' ? null : (options.overviews ?? 'average'),
    })),
  );
  const failures = await inParallel(wanted, (variant) => validate(path(variant.name)));
  for (const [k, variant] of wanted.entries()) {
    report.check(`${variant.name}: valid by GDAL's validator`, failures[k] === '', failures[k]);
    compareVariant(report, variant, seen[k]);
  }
  await checkDetails(report, path);
  await checkMask(report, path('mask'), box('EPSG:32631', TRANSFORM), writeCog);
  await checkSystems(report, path, (definition) => box(definition, TRANSFORM), writeCog);
  console.log(`\nwritten: ${wanted.length} COGs and ${Object.keys(SYSTEMS).length} systems without a code`);
}

/** @returns the errors of GDAL's validator */
async function validate(file) {
  const module = 'osgeo_utils.samples.validate_cloud_optimized_geotiff';
  const { status, stdout, stderr } = await attempt(PYTHON, ['-m', module, '--full-check=yes', file]);
  return status === 0 && stdout.includes('is a valid cloud optimized GeoTIFF') ? '' : stderr || stdout;
}

function compareVariant(report, { name, options, hashes }, seen) {
  const { geobox, dtype, nodata, blockSize, compression = 'deflate', overviews } = options;
  const { a, b, c, d, e, f } = geobox.transform;
  report.same(`${name}: EPSG code`, seen.epsg, geobox.crs.epsg);
  report.same(`${name}: transform`, seen.transform, [a, b, c, d, e, f]);
  report.same(`${name}: layout`, seen.layout, 'COG');
  report.same(`${name}: compression`, seen.compression, compression);
  report.same(`${name}: tiles`, seen.blockSize, [blockSize, blockSize]);
  report.same(`${name}: types`, [...new Set(seen.bands.map((band) => band.dtype))], [dtype]);
  for (const band of seen.bands) report.same(`${name}: nodata`, band.nodata, nodata);
  report.same(
    `${name}: pixels`,
    seen.bands.map(({ sha256 }) => sha256),
    hashes,
  );
  const levels = overviews === 'none' ? 0 : Math.max(0, Math.ceil(Math.log2(WIDTH / blockSize)));
  report.same(
    `${name}: pixels that differ in overviews`,
    seen.overviewDiffers,
    overviews === 'none' ? [] : new Array(levels).fill(0),
  );
}

async function checkDetails(report, path) {
  const info = async (name) => JSON.parse(await run('gdalinfo', ['-json', path(name)]));
  const { metadata, bands } = await info('described');
  report.same('described: software', metadata[''].TIFFTAG_SOFTWARE, 'terrachip');
  report.same('described: an item of the file', metadata['']['a "b" <c>'], 'd & e\nf');
  report.same(
    'described: items of bands',
    bands.map((band) => band.metadata['']),
    [{ wavelength: '665 nm' }, { quality: '1 < 2', wavelength: '842 nm' }],
  );
  report.same(
    'described: names',
    bands.map((band) => band.description ?? ''),
    ['red & <blue>', ''],
  );
  report.same(
    'described: scales',
    bands.map((band) => [band.scale ?? 1, band.offset ?? 0]),
    [
      [0.0001, -0.1],
      [1, 0],
    ],
  );
  report.same('described: layout', metadata.IMAGE_STRUCTURE.LAYOUT, 'COG');
  report.same('bands apart', (await info('int16-bands')).metadata.IMAGE_STRUCTURE.INTERLEAVE, 'BAND');
  const { readFile } = await import('node:fs/promises');
  report.same('BigTIFF', (await readFile(path('int16-bigtiff'))).readUInt16LE(2), 43);
}

async function checkMask(report, path, geobox, writeCog) {
  const mask = Uint8Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i % 13 < 5 || i < 3000 ? 0 : 1));
  const options = { geobox, bands: 3, dtype: 'uint8', blockSize: BLOCK, mask: true };
  await writeCog(
    path,
    [0, 1, 2].map((band) => plane('uint8', band)),
    options,
    mask,
  );
  const failure = await validate(path);
  report.check("mask: valid by GDAL's validator", failure === '', failure);
  const script =
    'import hashlib,json,sys,rasterio\n' +
    'd=rasterio.open(sys.argv[1])\n' +
    'h=lambda d: hashlib.sha256((d.dataset_mask()>0).astype("uint8").tobytes()).hexdigest()\n' +
    'o=rasterio.open(sys.argv[1],overview_level=0)\n' +
    'print(json.dumps([[f.name for f in d.mask_flag_enums[0]],h(d),h(o)]))';
  const [flags, full, half] = JSON.parse(await run(PYTHON, ['-c', script, path]));
  const hash = (bytes) => createHash('sha256').update(bytes).digest('hex');
  // An overview cell is valid where any pixel that it overlaps is.
  const [columns, rows] = [Math.ceil(WIDTH / 2), Math.ceil(HEIGHT / 2)];
  const halves = new Uint8Array(columns * rows);
  const touched = (pixel, size, cells) => {
    const [first, end] = [Math.floor((pixel * cells) / size), Math.ceil(((pixel + 1) * cells) / size)];
    return Array.from({ length: end - first }, (_, k) => first + k);
  };
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      for (const row of touched(y, HEIGHT, rows)) {
        for (const column of touched(x, WIDTH, columns))
          halves[row * columns + column] |= mask[y * WIDTH + x];
      }
    }
  }
  report.same('mask: flags', flags, ['per_dataset']);
  report.same('mask: pixels', full, hash(mask));
  report.same('mask: pixels of the first overview', half, hash(halves));
}

async function checkSystems(report, path, box, writeCog) {
  const values = [plane('uint8', 0)];
  const { isTerrachipError } = await import('terrachip');
  const items = [];
  const refused = [];
  const write = async (name, file, definition, centre) => {
    try {
      await writeCog(file, values, { geobox: box(definition), bands: 1, dtype: 'uint8' });
      items.push({ name, path: file, definition, centre });
    } catch (error) {
      // proj4js does not read the WKT of some methods.
      const unread = / by wkt/.test(name) && isTerrachipError(error, 'INVALID_INPUT');
      report.check(`${name} is written`, unread, error.message);
      if (unread) refused.push(name);
    }
  };
  for (const [name, [definition, ...centre]] of Object.entries(SYSTEMS)) {
    await write(name, path(`system ${name}`), definition, centre);
    // The same by GDAL's WKT in both versions.
    for (const version of ['wkt1', 'wkt2_2019']) {
      const wkt = (await run('gdalsrsinfo', ['-o', version, definition])).trim();
      await write(`${name} by ${version}`, path(`system ${name} ${version}`), wkt, centre);
    }
  }
  if (refused.length > 0) console.log(`\nrefused, since proj4js does not read them: ${refused.join('; ')}`);
  const found = await python('gdal/compare_crs.py', items);
  for (const [k, { name }] of items.entries()) {
    const { differs, wkt } = found[k];
    report.check(`${name}: points`, differs !== null && differs < 1e-5, `${differs} apart in ${wkt}`);
  }
}
