import { readFile } from 'node:fs/promises';
import { defineConfig } from 'vitest/config';

const source = (file: string): string => `${import.meta.dirname}/src/${file}`;

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
  ],
  resolve: {
    // What examples import as users do, from the source that tests import.
    alias: [
      { find: /^terrachip$/, replacement: source('index.ts') },
      { find: /^terrachip\/(geo|kernels|catalog)$/, replacement: source('$1/node/index.ts') },
      { find: /^terrachip\/(raster|inference)$/, replacement: source('$1/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    // Dawn crashes inside worker threads, so every file runs in a process of its own.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/matchers.ts'],
  },
});
