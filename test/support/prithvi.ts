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

/** The learned neck, a decoder of the published channels, and a head of two classes. */
export function decoderShapes(prefix: string, width: number, decoder: 'unet' | 'upernet'): Shapes {
  const shapes: Shapes = {
    'neck.2.fpn1.0.weight': [width, width / 2, 2, 2],
    'neck.2.fpn1.0.bias': [width / 2],
    'neck.2.fpn1.3.weight': [width / 2, width / 4, 2, 2],
    'neck.2.fpn1.3.bias': [width / 4],
    'neck.2.fpn2.0.weight': [width, width / 2, 2, 2],
    'neck.2.fpn2.0.bias': [width / 2],
  };
  const normalisation = (name: string, count: number): void => {
    for (const part of ['weight', 'bias', 'running_mean', 'running_var']) shapes[`${name}.${part}`] = [count];
    shapes[`${name}.num_batches_tracked`] = [];
  };
  const convolution = (name: string, norm: string, outputs: number, inputs: number, size: number): void => {
    shapes[`${name}.weight`] = [outputs, inputs, size, size];
    normalisation(norm, outputs);
  };
  normalisation('neck.2.fpn1.1', width / 2);
  if (decoder === 'unet') {
    const channels = [512, 256, 128, 64];
    // The last block has no skip.
    const inputs = [2 * width, 512 + width / 2, 256 + width / 4, 128];
    for (const [k, count] of channels.entries()) {
      const block = `decoder.decoder.blocks.${k}.`;
      convolution(`${block}conv1.0`, `${block}conv1.1`, count, inputs[k], 3);
      convolution(`${block}conv2.0`, `${block}conv2.1`, count, count, 3);
    }
  } else {
    const module = (name: string, inputs: number, size: number): void =>
      convolution(`decoder.${name}.conv`, `decoder.${name}.norm`, 256, inputs, size);
    for (let k = 0; k < 4; k++) module(`psp_modules.${k}.1`, width, 1);
    module('bottleneck', width + 4 * 256, 3);
    for (const [k, inputs] of [width / 4, width / 2, width].entries()) {
      module(`lateral_convs.${k}`, inputs, 1);
      module(`fpn_convs.${k}`, 256, 3);
    }
    module('fpn_bottleneck', 4 * 256, 3);
  }
  shapes['head.head.2.weight'] = [2, decoder === 'unet' ? 64 : 256, 1, 1];
  shapes['head.head.2.bias'] = [2];
  return Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [prefix + name, shape]));
}
