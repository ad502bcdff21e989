import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

let warned = false;

/**
 * The program of a worker thread, which lies beside the file that starts it; null where it is not there. In a bundle it is
 * not, and Node prints a warning, once; what lies beside a bundle by the same name is somebody else's. Sources that run
 * untranslated have none either.
 * @param url `import.meta.url` of the file that starts the thread
 * @param path where that file lies in the package, such as `gpu/node/worker-executor`
 * @param name the program's file
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
