// Compares warps with gdalwarp, with exact positions (-et 0) and its kernel at the source's scale (XSCALE = YSCALE = 1).
import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { inParallel, printTable, python, run, TERRACHIP } from '../programs.js';

/** GDAL's name of a resampling. */
export const gdalName = (resampling) => (resampling === 'nearest' ? 'near' : resampling);
const GDAL_TYPES = { float32: 'Float32', int16: 'Int16', uint16: 'UInt16', uint8: 'Byte' };

let outputs = 0;
const output = (folder) => join(folder, `warped-${outputs++}.tif`);

/** gdalwarp's options for a grid by bounds and size. */
const gdalGrid = ({ crs, bounds, size }) => ['-t_srs', crs, '-te', ...bounds, '-ts', ...size];
const ourGrid = ({ crs, bounds, size }) => ['--crs', crs, '--bounds', ...bounds, '--size', ...size];

/**
 * Runs gdalwarp on one band, since several would share one mask (UNIFIED_SRC_NODATA).
 * @param run runs a program of this machine or of another root
 */
async function gdalwarp(run, folder, { source, band, grid, resampling, dtype, sourceNodata, nodata }) {
  const single = output(folder).replace(/tif$/, 'vrt');
  await run('gdal_translate', ['-q', '-of', 'VRT', '-b', String(band), source, single]);
  const target = output(folder);
  const options = [
    ...['-q', '-et', '0', '-wo', 'XSCALE=1', '-wo', 'YSCALE=1', '-ovr', 'NONE'],
    ...['-r', gdalName(resampling), '-ot', GDAL_TYPES[dtype], '-dstnodata', nodata],
    ...(sourceNodata === null ? [] : ['-srcnodata', sourceNodata]),
    ...gdalGrid(grid),
  ];
  await run('gdalwarp', [...options.map(String), single, target]);
  return target;
}

async function ourWarp(folder, { source, grid, resampling, dtype, nodata, backend, like, band }) {
  const target = output(folder);
  const options = [
    ...['--resampling', resampling, '--backend', backend, '--nodata', nodata],
    ...(dtype === undefined ? [] : ['--dtype', dtype]),
    ...(band === undefined ? [] : ['--band', band]),
    ...(like === undefined ? ourGrid(grid) : ['--like', like]),
  ];
  await run(process.execPath, [TERRACHIP, 'warp', source, target, ...options.map(String)]);
  return target;
}

/**
 * Warps synthetic rasters on each backend and compares them with gdalwarp.
 * @param setup `folder` of the rasters, `backends`, and the GDAL to compare with: `gdal` runs its programs, `python` the
 *   helper that compares, `title` names it
 */
export async function checkWarps(report, cases, { folder, backends, gdal, python, title }) {
  const jobs = [];
  for (const { name, source, bands, dtype, grid, sourceNodata, destinationNodata } of cases) {
    for (const resampling of ['nearest', 'bilinear']) {
      const job = { name, source: join(folder, `${source}.tif`), bands, grid, sourceNodata, resampling };
      jobs.push({ ...job, dtype, nodata: destinationNodata });
      // Rounding to integers hides differences below a half, so that floats are compared too.
      if (dtype !== 'float32' && resampling === 'bilinear')
        jobs.push({ ...job, dtype: 'float32', nodata: 'nan', unrounded: true });
    }
  }
  const perJob = await inParallel(jobs, async (job) => {
    const references = [];
    for (const band of job.bands) references.push(await gdalwarp(gdal, folder, { ...job, band }));
    const results = {};
    for (const backend of backends) results[backend] = await ourWarp(folder, { ...job, backend });
    return { job, references, results };
  });
  // The float result of an integer job follows it directly.
  const comparisons = perJob.flatMap(({ job, references, results }, k) => {
    const rounded = job.dtype !== 'float32' && job.resampling === 'bilinear';
    return job.bands.flatMap((band, i) =>
      backends.map((backend) => ({
        ...describe(job, band, backend),
        source: job.source,
        band,
        sourceNodata: job.sourceNodata,
        reference: references[i],
        referenceBand: 1,
        result: results[backend],
        resultBand: i + 1,
        resampling: job.resampling,
        unrounded: rounded ? perJob[k + 1].references[i] : null,
      })),
    );
  });
  await compare(report, title, comparisons, python);
}

function describe(job, band, backend) {
  const which = job.bands.length > 1 ? `, band ${band}` : '';
  const type = job.unrounded ? ' as float32' : '';
  return { name: `${job.name}${which}${type}`, backend };
}

/** Warps real rasters onto the grids of committed results of gdalwarp, and compares. */
export async function checkReferences(report, shared, folder, backends) {
  const references = join(shared, 'derived-reference');
  const jobs = [];
  const exact = 'gdalwarp_exact_S1Hand_utm30_bilinear.tif';
  for (const band of [1, 2]) {
    jobs.push({
      name: exact,
      source: join(shared, 'eo/cloudtostreet__Sen1Floods11/S1/Spain_7370579_S1Hand.tif'),
      band,
      resampling: 'bilinear',
      nodata: 'nan',
      like: join(references, exact),
      comparison: { reference: join(references, exact), referenceBand: band },
    });
  }
  const names = (await readdir(references)).filter((name) => /^warp_.*\.json$/.test(name));
  const templates = await python('gdal/make_templates.py', {
    folder,
    grids: names.map((name) => join(references, name)),
  });
  for (const [k, name] of names.entries()) {
    const about = JSON.parse(readFileSync(join(references, name), 'utf8'));
    jobs.push({
      name: name.replace(/\.json$/, ''),
      source: join(shared, about.source),
      band: about.band,
      resampling: about.resampling,
      dtype: about.dtype,
      nodata: about.dst_nodata,
      like: templates[k],
      comparison: {
        reference: join(references, name.replace(/json$/, 'npy')),
        referenceBand: 1,
        referenceNodata: about.dst_nodata,
        referenceTransform: about.transform,
        referenceCrs: about.dst_crs,
      },
    });
  }
  const work = jobs.flatMap((job) => backends.map((backend) => ({ ...job, backend })));
  const comparisons = await inParallel(work, async (job) => ({
    name: `${job.name}, band ${job.band}`,
    backend: job.backend,
    source: job.source,
    band: job.band,
    sourceNodata: null,
    ...job.comparison,
    result: await ourWarp(folder, job),
    resultBand: 1,
    resampling: job.resampling,
    unrounded: null,
  }));
  await compare(report, 'real rasters', comparisons, python);
}

async function compare(report, title, comparisons, python) {
  const found = await python('gdal/compare_warps.py', comparisons);
  console.log(`\nwarp against gdalwarp: ${title}`);
  const rows = [];
  const total = { pixels: 0, atEdge: 0, maskDiffers: 0, maskDiffersBeyond: 0, nearest: 0, used: 0 };
  for (const [k, { name, backend, resampling }] of comparisons.entries()) {
    const title = `${name}, ${resampling}, ${backend}`;
    const m = found[k];
    report.check(title, m.problem === undefined, m.problem);
    if (m.problem !== undefined) continue;
    report.check(`${title}: masks`, m.maskDiffersBeyond === 0, `${m.maskDiffersBeyond} pixels differ`);
    report.check(
      `${title}: values`,
      m.beyond === 0,
      `${m.beyond} pixels differ, by up to ${m.maxDifference}`,
    );
    const { pixels, valid, atEdge, maskDiffers, differing, maxDifference, beyond, toleranceUsed = null } = m;
    rows.push([
      name,
      resampling,
      backend,
      pixels,
      valid,
      atEdge,
      maskDiffers,
      differing,
      maxDifference,
      beyond,
      toleranceUsed,
    ]);
    for (const key of ['pixels', 'atEdge', 'maskDiffers', 'maskDiffersBeyond']) total[key] += m[key];
    if (resampling === 'nearest') total.nearest += differing;
    total.used = Math.max(total.used, toleranceUsed ?? 0);
  }
  printTable(
    [
      'warp',
      'resampling',
      'backend',
      'pixels',
      'valid',
      'at an edge',
      'masks differ',
      'values differ',
      'at most',
      'beyond tolerance',
      'tolerance used',
    ],
    rows,
  );
  console.log(
    `${rows.length} warps, ${total.pixels} pixels: ${total.atEdge} positions within 1e-3 px of an edge; masks differ at ` +
      `${total.maskDiffers} (beyond such edges ${total.maskDiffersBeyond}), nearest values at ${total.nearest}; bilinear ` +
      `values use at most ${(100 * total.used).toFixed(1)} % of the tolerance`,
  );
}
