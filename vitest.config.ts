import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const { exports } = JSON.parse(await readFile(`${import.meta.dirname}/package.json`, 'utf8'));

/** The file of src behind a name of the package, as Node takes it. */
function sourceOf(name: string): string | null {
  const entry = exports[name.replace(/^terrachip(?=$|\/)/, '.')];
  const built: string | undefined = (entry?.node ?? entry)?.default;
  return built === undefined
    ? null
    : `${import.meta.dirname}/${built.replace(/^\.\/dist\/(.*)\.js$/, 'src/$1.ts')}`;
}

/** Tests of what is registered or mocked, which other files in the same process would see. */
const ALONE = ['test/geo/common-epsg.test.ts', 'test/raster/codecs-packages.test.ts'];

export default defineConfig({
  plugins: [
    {
      // Source files import texts as `./name.wgsl.js`, `.json.js` or `.wasm.js`, the modules that scripts/build.js writes into dist/.
      name: 'texts',
      enforce: 'pre',
      resolveId(id, importer) {
        if (
          !/\.(wgsl|json|wasm)\.js$/.test(id) ||
          importer === undefined ||
          /\/(dist|node_modules)\//.test(importer)
        ) {
          return null;
        }
        return `${new URL(id.replace(/\.js$/, ''), `file://${importer}`).pathname}?text`;
      },
      async load(id) {
        if (!id.endsWith('?text')) return null;
        const path = id.replace(/\?text$/, '');
        const text = await readFile(path, path.endsWith('.wasm') ? 'base64' : 'utf8');
        return `export default ${JSON.stringify(text)};`;
      },
    },
    {
      // What examples and the app import as users do comes from the source that their tests import; other tests that name
      // the package mean what was built.
      name: 'examples',
      enforce: 'pre',
      resolveId: (id, importer) =>
        importer?.includes('/examples/') || importer?.startsWith(`${import.meta.dirname}/app/`)
          ? sourceOf(id)
          : null,
    },
  ],
  test: {
    // Dawn crashes inside worker threads, so files run in processes. They share them, since importing the sources takes a
    // third of the time otherwise.
    pool: 'forks',
    // By default one core is left idle, on two cores half of the machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/matchers.ts'],
    // Mesa's software driver spends most of a test on compiling shaders, which then run on few pixels. Without LLVM's
    // optimisation and with four lanes it compiles them in 40 % of the time. Other drivers read neither variable.
    env: { GALLIVM_PERF: 'nopt', LP_NATIVE_VECTOR_WIDTH: '128' },
    // Node loads the built package itself, as for users; Vite would transform each of its files first.
    server: { deps: { external: [/\/dist\//] } },
    projects: [
      {
        extends: true,
        test: { name: 'shared', include: ['test/**/*.test.ts'], exclude: ALONE, isolate: false },
      },
      { extends: true, test: { name: 'alone', include: ALONE } },
    ],
  },
});
