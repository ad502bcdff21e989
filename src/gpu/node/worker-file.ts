import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

let warned = false;

/**
 * The file of a worker thread, beside the module that starts it; null if it is missing: in untranslated sources, and in a
 * bundle, where Node prints a warning once. A file of the same name beside a bundle is not used.
 * @param url `import.meta.url` of the module that starts the thread
 * @param path of that module in the package, such as `gpu/node/worker-executor`
 * @param name of the worker's file
 */
export function workerFile(url: string | undefined, path: string, name: string): URL | null {
  if (url?.endsWith(`/${path}.ts`)) return null;
  const file = url?.endsWith(`/${path}.js`) ? new URL(name, url) : null;
  if (file !== null && existsSync(fileURLToPath(file))) return file;
  if (!warned) {
    warned = true;
    process.emitWarning(
      'terrachip is part of a bundle, without its worker threads: kernels and decoders run on the calling thread; keep it out of the bundle with external: ["terrachip"] (webpack: externals)',
      { code: 'TERRACHIP_BUNDLED' },
    );
  }
  return null;
}
