// Builds dist/: TypeScript by tsc, and every .wgsl and .json file as a module that exports its text, every .wasm file as
// one that exports it in base64, so that the package needs neither a bundler nor file access for its shaders and tables.
// For browsers, also a reduced build of proj4js, a third of its size. The command line becomes a few large files, since
// opening hundreds of small ones takes most of the time of a short command.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildPages } from './pages.js';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

rmSync(join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve('typescript/lib/tsc.js'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

// The generator of the demo's events goes to dist/demo: code only, without types and source maps.
const { ModuleKind, ScriptTarget, transpileModule } = require('typescript');
const demo = join(root, 'demo');
for (const file of readdirSync(demo, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue;
  const code = readFileSync(join(demo, file), 'utf8').replaceAll('../src/', '../');
  const compilerOptions = {
    target: ScriptTarget.ES2023,
    module: ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  const target = join(root, 'dist', 'demo', file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, transpileModule(code, { compilerOptions }).outputText);
}

const source = join(root, 'src');
for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  if (!/\.(wgsl|json|wasm)$/.test(file)) continue;
  const target = join(root, 'dist', `${file}.js`);
  mkdirSync(dirname(target), { recursive: true });
  const text = readFileSync(join(source, file), file.endsWith('.wasm') ? 'base64' : 'utf8');
  // Shaders are shipped without comments and indentation.
  const short = file.endsWith('.wgsl') ? text.replace(/^\s*(\/\/.*)?\n|^ +/gm, '') : text;
  writeFileSync(target, `export default ${JSON.stringify(short)};\n`);
  writeFileSync(target.replace(/\.js$/, '.d.ts'), 'declare const text: string;\nexport default text;\n');
}

/** Leaves out proj4js's WKT reader, which geo/wkt-crs.ts replaces, and the cube projection for astronomy. */
const absent = {
  name: 'absent',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^wkt-parser$|projections\/qsc$/ }, ({ path }) => ({
      path,
      namespace: 'absent',
    }));
    onLoad({ filter: /./, namespace: 'absent' }, () => ({
      contents: 'export default Object.assign(() => { throw new Error("not supported"); }, { names: [] });',
    }));
  },
};
await build({
  stdin: {
    contents: `
      import proj4 from 'proj4/lib/core.js';
      import Proj from 'proj4/lib/Proj.js';
      import addProjections from 'proj4/projs.js';
      addProjections(Object.assign(proj4, { Proj }));
      export default proj4;`,
    resolveDir: root,
  },
  bundle: true,
  minify: true,
  format: 'esm',
  banner: { js: '// proj4js: its licence is in proj4-portable.LICENSE.md.' },
  plugins: [absent],
  outfile: join(root, 'dist', 'geo', 'proj4-portable.js'),
});
copyFileSync(
  join(root, 'node_modules', 'proj4', 'LICENSE.md'),
  join(root, 'dist', 'geo', 'proj4-portable.LICENSE.md'),
);

await buildPages(root);

const cli = join(root, 'dist', 'cli');
/** Keeps modules that name a file beside them as separate files: kernels, worker threads and bundled models. */
const places = {
  name: 'places',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]dist[\\/].*\.js$/ }, ({ path }) => {
      const place = JSON.stringify(relative(cli, path).replaceAll('\\', '/'));
      const code = readFileSync(path, 'utf8');
      return { contents: code.replaceAll('import.meta.url', `new URL(${place}, import.meta.url).href`) };
    });
  },
};
const { outputFiles } = await build({
  entryPoints: [join(cli, 'main.js')],
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  packages: 'external',
  plugins: [places],
  outdir: cli,
  write: false,
});
rmSync(cli, { recursive: true });
mkdirSync(cli);
for (const { path, contents } of outputFiles) writeFileSync(path, contents);
