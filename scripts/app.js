// Builds the browser app: app/ becomes a folder of static files with all that the page needs, so that it asks no other
// server for anything but the files that its user names.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { texts } from './pages.js';

const require = createRequire(import.meta.url);

/** The runtime's modules of WebAssembly: for the processor and for WebGPU. */
const MODULES = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.asyncify.wasm'];

/** The models that the page offers. */
const MODELS = ['demo-flood', 'demo-water-s1', 'water-threshold'];

/** A file's text, of `import text from './file.ts?source'`: what the page shows is what runs. */
const sources = {
  name: 'sources',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?source$/ }, ({ path, resolveDir }) => ({
      path: resolve(resolveDir, path.replace(/\?source$/, '')),
      namespace: 'source',
    }));
    onLoad({ filter: /./, namespace: 'source' }, ({ path }) => ({
      contents: readFileSync(path, 'utf8'),
      loader: 'text',
      watchFiles: [path],
    }));
  },
};

/**
 * @param {string} root of the project, whose dist/ is built
 * @param {string} target the folder of the app; what is there is removed
 */
export async function buildApp(root, target) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(join(target, 'runtime'), { recursive: true });
  const app = join(root, 'app');
  const { metafile } = await build({
    metafile: true,
    entryPoints: [
      { in: join(app, 'main.ts'), out: 'app' },
      { in: join(app, 'worker.ts'), out: 'worker' },
      { in: join(app, 'style.css'), out: 'app' },
    ],
    absWorkingDir: root,
    tsconfig: join(root, 'tsconfig.app.json'),
    bundle: true,
    // The runtimes, codecs and shaders that a page needs only later become files of their own.
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    loader: { '.png': 'dataurl' },
    plugins: [texts(root), sources],
    outdir: target,
  });
  writeFileSync(join(target, 'index.html'), readFileSync(join(app, 'index.html')));
  for (const name of MODULES) {
    cpSync(require.resolve(`onnxruntime-web/${name}`), join(target, 'runtime', name));
  }
  for (const name of MODELS)
    cpSync(join(root, 'models', name), join(target, 'models', name), { recursive: true });
  writeFileSync(join(target, 'licences.txt'), licencesOf(root, Object.keys(metafile.inputs)));
}

/** The licences of the packages that are in the bundle, and of the codecs. */
function licencesOf(root, files) {
  const names = files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  const texts = [...new Set(names)].sort().map((name) => {
    const folder = join(root, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    const file = readdirSync(folder).find((each) => /^(licen[cs]e|copying)/i.test(each));
    const text = file === undefined ? '' : readFileSync(join(folder, file), 'utf8');
    return `${name} ${version}, ${license}\n\n${text}`;
  });
  texts.push(readFileSync(join(root, 'src', 'raster', 'codecs', 'COPYING.md'), 'utf8'));
  return texts.join('\n\n---\n\n');
}
