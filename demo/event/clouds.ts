import type { Random } from '../../src/workflow/model/random.js';
import { quantile, randomHills } from '../terrain.js';
import type { Landscape } from './landscape.js';
import { smooth } from './landscape.js';

/** Clouds by pixel: `opacity` from 0 to 1, and `light`, the share of sunlight that reaches the ground. */
export interface Clouds {
  readonly opacity: Float32Array;
  readonly light: Float32Array;
}

/** Offset of a cloud's shadow in pixels: sun in the south-southeast, 50° high; clouds at 1.2 km. */
const SHADOW = { x: -32, y: -95 } as const;

/** Clouds over a share of the scene; with a positive `overValley`, more of them over the valley. */
export function drawClouds(random: Random, land: Landscape, share: number, overValley: number): Clouds {
  const { width, height } = land;
  const field = randomHills(random, width, height, 140, 5);
  if (overValley > 0) {
    for (let k = 0; k < field.length; k++) {
      field[k] += overValley * (1 - smooth((land.aboveRiver[k] - 5) / 40));
    }
  }
  const limit = share > 0 ? quantile(field, 1 - share) : Number.POSITIVE_INFINITY;
  const opacity = Float32Array.from(field, (value) => smooth(0.5 + 2.5 * (value - limit)));
  const light = new Float32Array(width * height);
  const shift = Math.min(1, Math.min(width, height) / 600);
  const [dx, dy] = [Math.round(SHADOW.x * shift), Math.round(SHADOW.y * shift)];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [x, y] = [column - dx, row - dy];
      const shade = x >= 0 && x < width && y >= 0 && y < height ? opacity[y * width + x] : 0;
      light[row * width + column] = 1 - 0.6 * shade;
    }
  }
  return { opacity, light };
}
