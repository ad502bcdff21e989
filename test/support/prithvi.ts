/** Tensors of Prithvi-EO's checkpoints, by their shapes alone. */
import type { Checkpoint, CheckpointTensor } from '../../src/inference/checkpoint/index.js';
import { Resource } from '../../src/resource.js';

type Shapes = Record<string, readonly number[]>;

/** Tensors without values. */
export function shapesOnly(shapes: Shapes): Checkpoint {
  return new ShapesCheckpoint(shapes);
}

class ShapesCheckpoint extends Resource implements Checkpoint {
  readonly name = 'shapes';
  readonly format = 'safetensors';
  readonly tensors: ReadonlyMap<string, CheckpointTensor>;

  constructor(shapes: Shapes) {
    super();
    this.tensors = new Map(
      Object.entries(shapes).map(([name, shape]) => [name, { name, dtype: 'float32', shape }]),
    );
  }

  async readFloat32(name: string): Promise<Float32Array> {
    throw new Error(`${name} has no values`);
  }

  async dispose(): Promise<void> {}
}

interface Size {
  readonly width: number;
  readonly depth: number;
  readonly patch: number;
  readonly dates: number;
}

/** The encoder of a published size: images of 224 pixels and six bands. */
export function prithviShapes(prefix: string, { width, depth, patch, dates }: Size): Shapes {
  const shapes: Shapes = {
    cls_token: [1, 1, width],
    pos_embed: [1, 1 + dates * (224 / patch) ** 2, width],
    'patch_embed.proj.weight': [width, 6, 1, patch, patch],
    'patch_embed.proj.bias': [width],
    'norm.weight': [width],
    'norm.bias': [width],
  };
  for (let k = 0; k < depth; k++) {
    const layers = { 'attn.qkv': 3 * width, 'attn.proj': width, 'mlp.fc1': 4 * width, 'mlp.fc2': width };
    for (const [name, outputs] of Object.entries(layers)) {
      shapes[`blocks.${k}.${name}.weight`] = [outputs, name === 'mlp.fc2' ? 4 * width : width];
      shapes[`blocks.${k}.${name}.bias`] = [outputs];
    }
    for (const norm of ['norm1', 'norm2']) {
      shapes[`blocks.${k}.${norm}.weight`] = [width];
      shapes[`blocks.${k}.${norm}.bias`] = [width];
    }
  }
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));
}

/** The learned neck, a UNet and a head of two classes. */
export function unetShapes(prefix: string, width: number, channels: readonly number[]): Shapes {
  const shapes: Shapes = {
    'neck.2.fpn1.0.weight': [width, width / 2, 2, 2],
    'neck.2.fpn1.0.bias': [width / 2],
    'neck.2.fpn1.3.weight': [width / 2, width / 4, 2, 2],
    'neck.2.fpn1.3.bias': [width / 4],
    'neck.2.fpn2.0.weight': [width, width / 2, 2, 2],
    'neck.2.fpn2.0.bias': [width / 2],
    'head.head.2.weight': [2, channels[3], 1, 1],
    'head.head.2.bias': [2],
  };
  const normalisation = (name: string, count: number): void => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) shapes[`${name}.${part}`] = [count];
    shapes[`${name}.num_batches_tracked`] = [];
  };
  normalisation('neck.2.fpn1.1', width / 2);
  const inputs = [
    2 * width,
    channels[0] + width / 2,
    channels[1] + width / 4,
    // The last block has no skip.
    channels[2],
  ];
  for (const [k, count] of channels.entries()) {
    const block = `decoder.decoder.blocks.${k}.`;
    shapes[`${block}conv1.0.weight`] = [count, inputs[k], 3, 3];
    shapes[`${block}conv2.0.weight`] = [count, count, 3, 3];
    normalisation(`${block}conv1.1`, count);
    normalisation(`${block}conv2.1`, count);
  }
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));
}
