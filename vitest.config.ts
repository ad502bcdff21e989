import { readFile } from 'node:fs/promises';
import { defineConfig } from 'vitest/config';

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
  test: {
    include: ['test/**/*.test.ts'],
    // Dawn crashes inside worker threads, so every file runs in a process of its own.
    pool: 'forks',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    setupFiles: ['test/support/matchers.ts'],
  },
});
