import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';

/** What a bundler for browsers says of a module that takes everything from an entry point, and what is in the bundle. */
async function bundle(entry: string): Promise<{ problems: string[]; files: string[] }> {
  const result = await build({
    stdin: { contents: `export * from '${entry}';`, resolveDir: process.cwd() },
    // The names of the package mean what was built, as for its users.
    tsconfigRaw: {},
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    metafile: true,
    logLevel: 'silent',
  }).catch((error: { errors: { text: string }[] }) => error);
  if ('errors' in result && result.errors.length > 0)
    return { problems: result.errors.map(({ text }) => text), files: [] };
  return { problems: [], files: 'metafile' in result ? Object.keys(result.metafile.inputs) : [] };
}

describe('a bundle for browsers', () => {
  it.each(['terrachip/geo', 'terrachip/kernels', 'terrachip/catalog'])(
    '%s needs nothing of Node',
    async (entry) => {
      const { problems, files } = await bundle(entry);
      expect(problems).toEqual([]);
      expect(files).toContain(`dist/${entry.slice('terrachip/'.length)}/index.js`);
      expect(files.filter((file) => /(^|\/)node\//.test(file))).toEqual([]);
    },
  );

  it('is refused where something needs Node', async () => {
    const { problems } = await bundle('terrachip/raster');
    expect(problems.join()).toMatch(/Could not resolve "node:/);
  });
});
