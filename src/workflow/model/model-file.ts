import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Graph, writeGraph } from '../../inference/onnx/index.js';
import { requireApart } from '../../io/node/inputs.js';
import { makeOutputFolder, moveTo, writeAtomically, writeError } from '../../io/node/output.js';

/** The files of an import, in the order of writing. `model.json` is last: without it, a folder is not a model. */
const FILES = [
  ...['model', 'encoder', 'decoder'].flatMap((name) => [`${name}.onnx`, `${name}.onnx.data`]),
  'model.json',
];

/**
 * Creates a model folder, or replaces the model in it. Files of an earlier import are removed. If `write` fails, the folder
 * is unchanged.
 * @param inputs files that must not be overwritten
 * @param write writes to the folder `staging` and returns the names of its files
 */
export async function replaceFolder<T extends { files: readonly string[] }>(
  output: string,
  inputs: readonly string[],
  write: (staging: string) => Promise<T>,
): Promise<T> {
  await requireApart(
    FILES.map((file) => join(output, file)),
    inputs,
  );
  await makeOutputFolder(output);
  const staging = await mkdtemp(join(output, '.import-')).catch((cause: unknown) => {
    throw writeError(output, cause);
  });
  try {
    const result = await write(staging);
    await rm(join(output, 'model.json'), { force: true });
    for (const file of FILES) {
      if (result.files.includes(file)) await moveTo(join(staging, file), join(output, file));
      else await rm(join(output, file), { force: true });
    }
    return result;
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
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
