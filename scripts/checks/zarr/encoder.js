// A small TerraMind encoder of radar with synthetic weights, as a safetensors file.
import { writeFileSync } from 'node:fs';

const [WIDTH, BLOCKS, HIDDEN] = [64, 2, 96];

/** @param {string} path the file to write */
export function writeEncoder(path) {
  const tensors = {};
  let state = 1;
  const add = (name, ...shape) => {
    const count = shape.reduce((product, length) => product * length, 1);
    tensors[name] = {
      shape,
      values: Float32Array.from({ length: count }, () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return (state / 2 ** 32 - 0.5) / Math.sqrt(shape.length > 1 ? count / shape[0] : 4);
      }),
    };
  };
  const embedding = 'encoder_embeddings.untok_sen1rtc@224';
  add(`${embedding}.proj.weight`, WIDTH, 2 * 256);
  add(`${embedding}.pos_emb`, 1, 196, WIDTH);
  add(`${embedding}.mod_emb`, 1, 1, WIDTH);
  for (let k = 0; k < BLOCKS; k++) {
    for (const norm of ['norm1', 'norm2']) add(`encoder.${k}.${norm}.weight`, WIDTH);
    add(`encoder.${k}.attn.qkv.weight`, 3 * WIDTH, WIDTH);
    add(`encoder.${k}.attn.proj.weight`, WIDTH, WIDTH);
    add(`encoder.${k}.mlp.fc1.weight`, HIDDEN, WIDTH);
    add(`encoder.${k}.mlp.fc2.weight`, WIDTH, HIDDEN);
  }
  add('encoder_norm.weight', WIDTH);
  let offset = 0;
  const header = {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(
    path,
    Buffer.concat([length, text, ...Object.values(tensors).map(({ values }) => Buffer.from(values.buffer))]),
  );
}
