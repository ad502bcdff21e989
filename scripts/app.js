// Builds the browser app: app/ becomes a folder of static files with everything that the page needs. It contacts no other
// server except for the files that its user names.
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { texts } from './pages.js';

const require = createRequire(import.meta.url);

/** The runtime's WebAssembly modules: for the processor and for WebGPU. */
const MODULES = ['ort-wasm-simd-threaded.wasm', 'ort-wasm-simd-threaded.asyncify.wasm'];

/** The models of the page. */
const MODELS = ['demo-flood', 'demo-water-s1', 'water-threshold'];

/** The text of a file, for `import text from './file.ts?source'`: the page shows the code that runs. */
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
 * @param {string} target the folder of the app; its contents are replaced
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
    // Runtimes, codecs and shaders become separate files, since a page needs them only later.
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

/** The licences of the packages in the bundle, and of the codecs. */
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
