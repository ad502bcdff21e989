import { writeFile } from 'node:fs/promises';
import { MemoryCheckpoint } from './memory-checkpoint.js';

export interface Tensors {
  [name: string]: { shape: readonly number[]; values: Float32Array };
}

const WIDTH = 64;
const STEPS = 2;

/** A small model for speed: four blocks of width 64, radar and elevation, two phases, a UNet, two classes. */
export function smallFloodTensors(): Tensors {
  const tensors: Tensors = {};
  let state = 1;
  const random = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
  const add = (name: string, ...shape: number[]): void => {
    const count = shape.reduce((product, length) => product * length, 1);
    const fan = shape.length > 1 ? count / shape[0] : 16;
    const centre = /norm\d?\.weight$|\.1\.weight$|running_var$/.test(name) ? 1 : 0;
    const values = Float32Array.from({ length: count }, () => centre + (2 * random()) / Math.sqrt(fan));
    tensors[name] = { shape, values };
  };
  const encoder = 'model.encoder.encoder.';
  for (const [key, channels] of [
    ['untok_sen1rtc@224', 2],
    ['untok_dem@224', 1],
  ] as const) {
    add(`${encoder}encoder_embeddings.${key}.mod_emb`, 1, 1, WIDTH);
    add(`${encoder}encoder_embeddings.${key}.pos_emb`, 1, 196, WIDTH);
    add(`${encoder}encoder_embeddings.${key}.proj.weight`, WIDTH, 256 * channels);
  }
  for (let k = 0; k < 4; k++) {
    const block = `${encoder}encoder.${k}.`;
    for (const norm of ['norm1', 'norm2']) {
      add(`${block}${norm}.weight`, WIDTH);
      add(`${block}${norm}.bias`, WIDTH);
    }
    add(`${block}attn.qkv.weight`, 3 * WIDTH, WIDTH);
    add(`${block}attn.proj.weight`, WIDTH, WIDTH);
    for (const gate of ['fc1', 'fc3']) add(`${block}mlp.${gate}.weight`, 96, WIDTH);
    add(`${block}mlp.fc2.weight`, WIDTH, 96);
  }
  add(`${encoder}encoder_norm.weight`, WIDTH);
  add(`${encoder}encoder_norm.bias`, WIDTH);
  const normalisation = (name: string, channels: number): void => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) add(`${name}.${part}`, channels);
  };
  const features = WIDTH * STEPS;
  add('model.neck.2.fpn1.0.weight', features, features / 2, 2, 2);
  add('model.neck.2.fpn1.0.bias', features / 2);
  normalisation('model.neck.2.fpn1.1', features / 2);
  add('model.neck.2.fpn1.3.weight', features / 2, features / 4, 2, 2);
  add('model.neck.2.fpn1.3.bias', features / 4);
  add('model.neck.2.fpn2.0.weight', features, features / 2, 2, 2);
  add('model.neck.2.fpn2.0.bias', features / 2);
  const inputs = [2 * features, 8 + features / 2, 8 + features / 4, 8];
  for (const [k, channels] of inputs.entries()) {
    const block = `model.decoder.decoder.blocks.${k}.`;
    add(`${block}conv1.0.weight`, 8, channels, 3, 3);
    normalisation(`${block}conv1.1`, 8);
    add(`${block}conv2.0.weight`, 8, 8, 3, 3);
    normalisation(`${block}conv2.1`, 8);
  }
  add('model.head.head.2.weight', 2, 8, 1, 1);
  add('model.head.head.2.bias', 2);
  return tensors;
}

/** The encoder of the small flood model alone: one phase. */
export function encoderTensors(): Tensors {
  const prefix = 'model.encoder.encoder.';
  return Object.fromEntries(
    Object.entries(smallFloodTensors()).flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
}

export function smallFlood(): MemoryCheckpoint {
  return new MemoryCheckpoint(smallFloodTensors());
}

/** The tensors as a safetensors file. */
export async function writeSafetensors(path: string, tensors: Tensors): Promise<string> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const parts = Object.values(tensors).map(({ values }) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength),
  );
  await writeFile(path, Buffer.concat([length, text, ...parts]));
  return path;
}
