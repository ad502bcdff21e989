// npm run site: the documents in site/, the browser app in site/app/, and a flood report of the demo in site/report.html.
// All are static files: any web server can serve them, from any path.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildApp } from './app.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);
const site = join(root, 'site');

/** The demo's event, package and map; kept between runs, since they never change. */
const DEMO = join(root, '.cache', 'site-demo');
const DEMO_SIZE = ['700', '560'];

/** Width and height of the sample in pixels: four chips of the flood model. */
const SAMPLE = 464;

/** Runs a program of this project, with its output. */
function run(program, ...args) {
  execFileSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
}

/** Writes the inputs of the flood model as small COGs, and a list of them with the units of their values. */
async function writeSample(folder) {
  const { openRaster, toStored, writeCog } = await import('terrachip/raster');
  mkdirSync(folder, { recursive: true });
  const names = readdirSync(join(DEMO, 'package')).filter((name) =>
    /^(S2L2A|S1RTC|DEM)\b.*\.tif$/.test(name),
  );
  for (const name of names) {
    const raster = await openRaster(join(DEMO, 'package', name));
    const window = {
      x: 0,
      y: 0,
      width: Math.min(SAMPLE, raster.width),
      height: Math.min(SAMPLE, raster.height),
    };
    const tensor = await raster.read({ window });
    // Digital numbers of Sentinel-2 are whole numbers above 0.
    const [dtype, nodata] = name.startsWith('S2') ? ['uint16', 0] : ['float32', Number.NaN];
    const bands = raster.bands.map((_, k) => toStored(tensor.plane(k).data, dtype, nodata).stored);
    await writeCog(join(folder, name), bands, {
      geobox: tensor.geobox,
      bands: bands.length,
      dtype,
      nodata,
      descriptions: raster.bands.map(({ description }) => description ?? ''),
      blockSize: 256,
      overviews: 'average',
    });
    await raster.dispose();
  }
  const { inputs } = JSON.parse(readFileSync(join(DEMO, 'package', 'scene.json'), 'utf8'));
  const files = names.map((name) => [name, inputs[/^[^-.]+/.exec(name)[0]].units]);
  writeFileSync(join(folder, 'files.json'), JSON.stringify(Object.fromEntries(files)));
}

/** Adds links to the app and the report at the top of the documents' front page. */
function linkFrontPage() {
  const path = join(site, 'index.html');
  const page = readFileSync(path, 'utf8');
  const start = '<div class="tsd-panel tsd-typography">';
  if (!page.includes(start))
    throw new Error(`${path} has no ${start}: update linkFrontPage of scripts/site.js`);
  const links =
    '<p><a href="app/index.html">Try terrachip in the browser</a> · <a href="report.html">A flood report of the demo</a></p>';
  writeFileSync(path, page.replace(start, start + links));
}

run(join(root, 'scripts', 'build.js'));
run(join(dirname(require.resolve('typedoc/package.json')), 'bin', 'typedoc'));
await buildApp(root, join(site, 'app'));
const cli = join(root, 'bin', 'terrachip.js');
if (!existsSync(join(DEMO, 'map'))) run(cli, 'demo', '--size', ...DEMO_SIZE, '-o', DEMO);
await writeSample(join(site, 'app', 'sample'));
run(cli, 'report', join(DEMO, 'map'), '-o', join(site, 'report.html'));
linkFrontPage();
console.log(`site: ${site}`);
