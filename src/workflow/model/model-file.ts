import type { FileHandle } from 'node:fs/promises';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Graph, writeGraph } from '../../inference/onnx/index.js';
import { writeAtomically } from '../../io/node/index.js';

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
        ...(signal === undefined ? {} : { signal }),
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
