import type { FileHandle } from 'node:fs/promises';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readGraphFile } from '../../inference/node/model-folder.js';
import { type Graph, writeGraph } from '../../inference/onnx/index.js';
import { requireApart } from '../../io/node/inputs.js';
import { makeOutputFolder, moveTo, writeAtomically, writeError } from '../../io/node/output.js';

/** The document of a model. It is written last: without it, a folder is not a model. */
export const CARD = 'model.json';

/** The files of an import, besides external data under other names. */
export const FILES = [
  ...['model', 'encoder', 'decoder'].flatMap((name) => [`${name}.onnx`, `${name}.onnx.data`]),
  CARD,
];

/**
 * Creates a model folder, or replaces the model in it. Files of an earlier import are removed. If `write` fails, the folder
 * is unchanged.
 * @param inputs files that must not be overwritten
 * @param write writes to the folder `staging` and returns the names of its files
 * @param external names of further files that are written
 */
export async function replaceFolder<T extends { files: readonly string[] }>(
  output: string,
  inputs: readonly string[],
  write: (staging: string) => Promise<T>,
  external: readonly string[] = [],
): Promise<T> {
  await requireApart(
    [...FILES, ...external].map((file) => join(output, file)),
    inputs,
  );
  await makeOutputFolder(output);
  const staging = await mkdtemp(join(output, '.import-')).catch((cause: unknown) => {
    throw writeError(output, cause);
  });
  try {
    const result = await write(staging);
    const earlier = await externalFilesIn(output);
    await rm(join(output, CARD), { force: true });
    const files = new Set([...earlier, ...external, ...FILES]);
    for (const file of files) {
      if (result.files.includes(file)) {
        await mkdir(dirname(join(output, file)), { recursive: true });
        await moveTo(join(staging, file), join(output, file));
      } else await rm(join(output, file), { force: true });
    }
    return result;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

/** The external data of the model in a folder, as far as it lies beside the graph; none for a folder without a card. */
async function externalFilesIn(folder: string): Promise<readonly string[]> {
  const isModel = await stat(join(folder, CARD)).catch(() => null);
  if (isModel === null) return [];
  const info = await readGraphFile(join(folder, 'model.onnx')).catch(() => null);
  return (info?.externalFiles ?? []).filter((name) => basename(name) === name);
}

/** Writes NAME.onnx, and NAME.onnx.data if the values exceed 2 GiB. @returns the files' names */
export async function writeModelFile(
  folder: string,
  name: string,
  graph: Graph,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const file = `${name}.onnx`;
  const data = `${file}.data`;
  let written = 0;
  const into = (handle: FileHandle) => async (bytes: Uint8Array) => {
    await handle.writeFile(bytes);
  };
  await writeAtomically(join(folder, data), async (external) => {
    await writeAtomically(join(folder, file), (main) =>
      writeGraph(graph, into(main), {
        signal,
        external: {
          name: data,
          write: async (bytes) => {
            written += bytes.length;
            await into(external)(bytes);
          },
        },
      }),
    );
  });
  if (written > 0) return [file, data];
  await rm(join(folder, data));
  return [file];
}
