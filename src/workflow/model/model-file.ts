import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Graph, writeGraph } from '../../inference/onnx/index.js';
import { requireApart } from '../../io/node/inputs.js';
import { makeOutputFolder, moveTo, writeAtomically, writeError } from '../../io/node/output.js';

/** All that an import writes; `model.json` last, which makes a folder a model. */
const FILES = [
  ...['model', 'encoder', 'decoder'].flatMap((name) => [`${name}.onnx`, `${name}.onnx.data`]),
  'model.json',
];

/**
 * Makes a model folder, or replaces the model in one: files of an earlier import do not stay beside others, and when
 * `write` fails, the folder is as it was.
 * @param inputs files that are read; none of them is replaced
 * @param write gets a folder to write into and tells what it wrote
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

/** Writes NAME.onnx, and NAME.onnx.data beside it where one file cannot hold everything; returns their names. */
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
