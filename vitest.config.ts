import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** The file of src behind a name of the package. */
function sourceOf(name: string): string | null {
  const room = /^terrachip(?:\/(geo|kernels|catalog|raster|inference))?$/.exec(name);
  if (room === null) return null;
  const hasNodeEntry = ['geo', 'kernels', 'catalog', 'inference'].includes(room[1]);
  const folder = room[1] === undefined ? '' : `${room[1]}/${hasNodeEntry ? 'node/' : ''}`;
  return `${import.meta.dirname}/src/${folder}index.ts`;
}

export default defineConfig({
  plugins: [
    {
      // Source files import shaders as `./name.wgsl.js`, the module that scripts/build.js writes into dist/.
      name: 'wgsl',
      enforce: 'pre',
      resolveId(id, importer) {
        if (!id.endsWith('.wgsl.js') || importer === undefined || importer.includes('/dist/')) return null;
        return new URL(id.replace(/\.js$/, ''), `file://${importer}`).pathname;
      },
      async load(id) {
        if (!id.endsWith('.wgsl')) return null;
        return `export default ${JSON.stringify(await readFile(id, 'utf8'))};`;
      },
    },
    {
      // What examples import as users do comes from the source that their tests import; other tests that name the
      // package mean what was built.
      name: 'examples',
      enforce: 'pre',
      resolveId: (id, importer) => (importer?.includes('/examples/') ? sourceOf(id) : null),
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    // Dawn crashes inside worker threads, so every file runs in a process of its own.
    pool: 'forks',
    // By default one core is left idle, on two cores half of the machine.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/matchers.ts'],
  },
});
