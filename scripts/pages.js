// Bundles the pages: each folder of src/page/ with a main.ts becomes dist/page/NAME.js, and its style.css dist/page/NAME.css.
// Both are self-contained, so that a page can inline them in its HTML.
import { copyFileSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';

/**
 * Includes the text modules (shaders, tables, WebAssembly) of dist/ in a bundle of the sources.
 * @param {string} root of the project
 */
export function texts(root) {
  return {
    name: 'texts',
    setup({ onResolve }) {
      onResolve({ filter: /\.(wgsl|json|wasm)\.js$/ }, ({ path, resolveDir }) => ({
        path: join(root, 'dist', relative(join(root, 'src'), resolve(resolveDir, path))),
      }));
    },
  };
}

/** @param {string} root of the project, whose dist/ has the modules of texts (shaders, tables) */
export async function buildPages(root) {
  const pages = join(root, 'src', 'page');
  const target = join(root, 'dist', 'page');
  const names = readdirSync(pages).filter((name) => existsSync(join(pages, name, 'main.ts')));
  await build({
    entryPoints: names.flatMap((name) => [
      { in: join(pages, name, 'main.ts'), out: name },
      { in: join(pages, name, 'style.css'), out: name },
    ]),
    absWorkingDir: root,
    tsconfig: join(root, 'tsconfig.page.json'),
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    charset: 'utf8',
    // Modules for worker threads have no URL inside a bundle.
    define: { 'import.meta.url': '""' },
    loader: { '.png': 'dataurl' },
    plugins: [texts(root)],
    outdir: target,
  });
  mkdirSync(target, { recursive: true });
  copyFileSync(join(root, 'node_modules', 'leaflet', 'LICENSE'), join(target, 'leaflet.LICENSE'));
}
