import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { VERSION } from '../src/version.js';

interface Package {
  version: string;
  exports: Record<string, string | Record<string, unknown>>;
  sideEffects: string[];
  dependencies: Record<string, string>;
  optionalDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Package;
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  packages: Record<string, { resolved?: string; dev?: boolean; license?: string }>;
};

describe('package.json', () => {
  it('has the version in provenance', () => {
    expect(manifest.version).toBe(VERSION);
  });

  it('lists types before code in every export', () => {
    const check = (entry: unknown): void => {
      if (typeof entry !== 'object' || entry === null) return;
      const keys = Object.keys(entry);
      if (keys.includes('default')) {
        const conditions = keys.filter((key) => key !== 'node');
        expect(conditions).toEqual(['types', 'default']);
      }
      for (const value of Object.values(entry)) check(value);
    };
    for (const entry of Object.values(manifest.exports)) check(entry);
  });

  it('lists the files with side effects for bundlers', () => {
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
      /(?<!\.d)\.ts$/.test(file),
    );
    const acting = files.flatMap((file) => {
      const bare = [...readFileSync(join('src', file), 'utf8').matchAll(/^import '(\..*)\.js';/gm)];
      return bare.length === 0 ? [] : [file, ...bare.map(([, name]) => join(dirname(file), `${name}.ts`))];
    });
    expect(acting).toContain('geo/node/epsg.ts');
    const patterns = manifest.sideEffects.map(
      (glob) => new RegExp(`^${glob.replace(/[.]/g, '\\.').replace('*', '[^/]+')}$`),
    );
    const untold = acting.filter((file) => {
      const built = `./dist/${file.replace(/\.ts$/, '.js')}`;
      return !patterns.some((pattern) => pattern.test(built));
    });
    expect(untold).toEqual([]);
  });

  it('keeps heavy packages optional', () => {
    expect(Object.keys(manifest.optionalDependencies).sort()).toEqual([
      '@cornerstonejs/codec-openjpeg',
      '@napi-rs/lzma',
      'h5wasm',
      'netcdfjs',
      'onnxruntime-node',
      'onnxruntime-web',
      'webgpu',
    ]);
    // Users install LGPL packages themselves.
    expect(manifest.peerDependenciesMeta).toEqual({
      'gdal3.js': { optional: true },
      sharp: { optional: true },
    });
    for (const name of [...Object.keys(manifest.optionalDependencies), 'gdal3.js', 'sharp']) {
      expect(manifest.dependencies).not.toHaveProperty(name);
    }
  });
});

describe('entries', () => {
  const files = Object.entries(manifest.exports).flatMap(([subpath, entry]) => {
    const { node, default: file } = entry as { node?: { default: string }; default?: string };
    const taken = node?.default ?? file;
    return taken === undefined || subpath.endsWith('/node') ? [] : [[subpath, taken] as const];
  });

  /** The names that one worker thread imports from each of the entries. */
  function importInWorker(workerData: unknown): Promise<unknown> {
    const urls = files.map(([, file]) => pathToFileURL(resolve(file)).href);
    const program = `import { parentPort } from 'node:worker_threads';
      const names = [];
      for (const url of ${JSON.stringify(urls)}) names.push(Object.keys(await import(url)).sort());
      parentPort.postMessage(names);`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(program)}`), {
      workerData,
      execArgv: [],
    });
    return new Promise((done, fail) => {
      worker.once('message', (names) => {
        done(names);
        void worker.terminate();
      });
      worker.once('error', fail);
      worker.once('exit', (status) => fail(new Error(`ended with ${status}`)));
    });
  }

  // The package web-worker would run a program of the second name.
  it.each([[undefined], [{ mod: 'program.js' }]])(
    'are imported in a worker thread with the workerData %o',
    async (workerData) => {
      const names = [];
      for (const [, file] of files)
        names.push(Object.keys(await import(pathToFileURL(resolve(file)).href)).sort());
      expect(names.length).toBeGreaterThan(5);
      expect(await importInWorker(workerData)).toEqual(names);
    },
  );
});

describe('package-lock.json', () => {
  it('has no registry addresses', () => {
    const resolved = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined);
    expect(resolved.map(([name]) => name)).toEqual([]);
  });

  it('has only permissive licences among installed packages', () => {
    const permissive =
      /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|Zlib|CC0-1\.0|BlueOak-1\.0\.0|Unlicense)$/;
    const wrong = Object.entries(lock.packages)
      .filter(([name, entry]) => name !== '' && entry.dev !== true)
      // Its licence is free text: NIST's public-domain statement and the HDF5 library's BSD licence.
      .filter(([name]) => name !== 'node_modules/h5wasm')
      // Its field has the typo BDS-3-Clause.
      .filter(([name]) => name !== 'node_modules/splaytree-ts')
      .filter(([, { license = 'none' }]) => {
        const choices = license.replace(/[()]/g, '').split(' OR ');
        return !choices.some((choice) => choice.split(' AND ').every((part) => permissive.test(part.trim())));
      })
      .map(([name, { license }]) => `${name}: ${license}`);
    expect(wrong).toEqual([]);
  });
});

describe('modules of WebAssembly', () => {
  const readme = readFileSync('scripts/codecs/README.md', 'utf8');
  const modules = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.wasm'),
  );

  it.each(modules)('%s matches its page', (file) => {
    const digest = createHash('sha256')
      .update(readFileSync(join('src', file)))
      .digest('hex');
    expect(readme).toContain(`| \`${file}\` |`);
    expect(readme).toContain(`\`${digest}\``);
  });

  it('come with the licences of their parts', () => {
    const texts = readFileSync('src/raster/codecs/COPYING.md', 'utf8');
    for (const part of ['libdeflate', 'zstd', 'wasi-libc']) {
      expect(readme).toMatch(new RegExp(`^\\| ${part} \\| Debian \\S+ \\| .*(MIT|BSD-3-Clause|CC0)`, 'm'));
      expect(texts).toContain(`\n## ${part}\n`);
    }
  });
});

describe('the pages', () => {
  it('come with the licence of the map library, which is in their bundles', () => {
    const licence = readFileSync('node_modules/leaflet/LICENSE', 'utf8');
    expect(licence).toContain('BSD 2-Clause License');
    expect(readFileSync('dist/page/leaflet.LICENSE', 'utf8')).toBe(licence);
  });
});
