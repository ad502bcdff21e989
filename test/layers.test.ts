import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Each layer imports only those before it; those in one entry do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['errors'],
  ['progress', 'version', 'json', 'text', 'resource'],
  ['xml'],
  ['geo'],
  ['gpu'],
  ['shaders'],
  ['kernels'],
  ['io'],
  ['parquet'],
  ['raster', 'vector'],
  ['catalog', 'inference'],
  ['archives'],
  ['workflow'],
  ['page'],
  ['cli'],
  ['index'],
];

/** Layers that run in a browser as they are, apart from their `node/` folders. */
const PORTABLE = new Set([
  'errors',
  'progress',
  'version',
  'json',
  'text',
  'resource',
  'xml',
  'geo',
  'gpu',
  'shaders',
  'kernels',
  'page',
]);

/** The portable entries of layers that otherwise need Node. */
const PORTABLE_FILES = [
  'inference/index.ts',
  'vector/index.ts',
  'catalog/index.ts',
  'raster/index.ts',
  'archives/index.ts',
];

/** Everything else may use Node, but in the layers below only in `node/` folders. */
const NODE_ANYWHERE = new Set(['workflow', 'cli']);

const root = resolve('src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.endsWith('.d.ts'),
);

function importsOf(file: string): { specifier: string; typeOnly: boolean; lazy: boolean }[] {
  const text = readFileSync(join(root, file), 'utf8');
  const pattern =
    /(?:^|\n)\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\bfrom\s*)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;
  return [...text.matchAll(pattern)].map((match) => ({
    specifier: match[2] ?? match[3],
    typeOnly: match[1] !== undefined,
    lazy: match[3] !== undefined,
  }));
}

/** The source file that a relative import names, from src. */
function target(file: string, specifier: string): string {
  return relative(root, resolve(root, dirname(file), specifier)).replace(/\.js$/, '.ts');
}

function layerOf(file: string): string {
  return file.split('/')[0].replace(/\.ts$/, '');
}

function rank(layer: string): number {
  return LAYERS.findIndex((names) => names.includes(layer));
}

describe('layers', () => {
  it('list every folder', () => {
    const unknown = [...new Set(files.map(layerOf))].filter((layer) => rank(layer) < 0);
    expect(unknown).toEqual([]);
  });

  it('import only earlier layers', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier }) => specifier.startsWith('.'))
        .map(({ specifier }) => target(file, specifier))
        .filter((to) => {
          const [from, into] = [layerOf(file), layerOf(to)];
          return from !== into && rank(into) >= rank(from);
        })
        .map((to) => `${file} → ${to}`),
    );
    expect(wrong).toEqual([]);
  });

  it('import Node only in node/ folders', () => {
    const wrong = files.filter(
      (file) =>
        !NODE_ANYWHERE.has(layerOf(file)) &&
        !file.includes('/node/') &&
        importsOf(file).some(({ specifier }) => specifier.startsWith('node:')),
    );
    expect(wrong).toEqual([]);
  });

  it('portable files never import Node, directly or not', () => {
    const portable = files.filter(
      (file) => (PORTABLE.has(layerOf(file)) && !file.includes('/node/')) || PORTABLE_FILES.includes(file),
    );
    for (const file of PORTABLE_FILES) expect(files).toContain(file);
    const reach = (file: string, seen: Set<string>): string[] => {
      if (seen.has(file)) return [];
      seen.add(file);
      return importsOf(file)
        .filter(({ typeOnly }) => !typeOnly)
        .flatMap(({ specifier }) => {
          if (specifier.startsWith('node:')) return [`${file} imports ${specifier}`];
          if (
            ['ndarray', 'ndarray-ops', 'webgpu', 'onnxruntime-node', 'onnxruntime-web/webgpu'].includes(
              specifier,
            )
          )
            return [`${file} imports ${specifier}`];
          if (!specifier.startsWith('.') || /\.(wgsl|json|wasm)\.js$/.test(specifier)) return [];
          return reach(target(file, specifier), seen);
        });
    };
    expect(portable.flatMap((file) => reach(file, new Set()))).toEqual([]);
  });

  it('the root entry loads its functions when they are called', () => {
    const seen = new Set<string>();
    const reach = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      for (const { specifier, typeOnly, lazy } of importsOf(file)) {
        const isSource = specifier.startsWith('.') && !/\.(wgsl|json|wasm)(\.js)?$/.test(specifier);
        if (isSource && !typeOnly && !lazy) reach(target(file, specifier));
      }
    };
    reach('index.ts');
    const heavy = ['raster', 'vector', 'catalog', 'parquet', 'shaders', 'cli'];
    expect([...seen].filter((file) => heavy.includes(layerOf(file)))).toEqual([]);
    expect(seen).toContain('workflow/index.ts');
    expect(seen).not.toContain('workflow/infer.ts');
  });

  it('pixels are read only with their validity', () => {
    // readPixels and WarpedRaster are in raster; a view passes on its raster's values.
    const wrong = files.filter(
      (file) =>
        layerOf(file) !== 'raster' &&
        /(?<!\bsuper)\.(readPlanes|readMask)\(/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  it('optional packages are each loaded in one file', () => {
    const optional = [
      'webgpu',
      'onnxruntime-node',
      'onnxruntime-web/webgpu',
      'h5wasm/node',
      'netcdfjs',
      'sharp',
      '@napi-rs/lzma',
      '@cornerstonejs/codec-openjpeg/decodewasmjs',
      // Not optional, but when imported in a worker thread it takes over the thread.
      'geotiff',
    ];
    for (const name of optional) {
      const importers = files.filter((file) => importsOf(file).some(({ specifier }) => specifier === name));
      expect(importers).toHaveLength(1);
    }
  });

  it('only io/abort.ts listens to abort signals', () => {
    const listening = files.filter((file) =>
      /addEventListener\(\s*'abort'/.test(readFileSync(join(root, file), 'utf8')),
    );
    expect(listening).toEqual(['io/abort.ts']);
  });

  it('only io calls fetch', () => {
    const wrong = files.filter((file) => {
      const layer = layerOf(file);
      if (layer === 'io') return false;
      return /(^|[^\w.])fetch\(/.test(readFileSync(join(root, file), 'utf8'));
    });
    expect(wrong).toEqual([]);
  });
});
