import type { Landscape } from './landscape.js';

/** The time steps of an event, in order. */
export const PHASES = ['pre_month', 'pre_event', 'event', 'post_event'] as const;
export type Phase = (typeof PHASES)[number];

/** Share of the flood's rise that remains in the phase after the event. */
const RECEDED = 0.55;

/** Depth of water on land that is normally dry, in metres; 0 elsewhere. */
export type FloodDepth = Float32Array;

/** Flood water by phase: none before the event, a part of it after. */
export function floodDepths(land: Landscape, floodRise: number): Readonly<Record<Phase, FloodDepth>> {
  const dry = new Float32Array(land.elevation.length);
  return {
    pre_month: dry,
    pre_event: dry,
    event: spread(land, 0),
    post_event: spread(land, (1 - RECEDED) * floodRise),
  };
}

/**
 * Flood fill from the river over 4-connected land below the flood's level. Hollows behind higher ground stay dry.
 * @param fall metres by which the flood has receded
 */
function spread(land: Landscape, fall: number): FloodDepth {
  const { width, height, channel, permanentWater, floodHeadroom } = land;
  const depth = new Float32Array(width * height);
  const reached = Uint8Array.from(channel);
  const queue = new Int32Array(width * height);
  let end = 0;
  for (let k = 0; k < reached.length; k++) if (reached[k] === 1) queue[end++] = k;
  const visit = (k: number): void => {
    if (reached[k] === 1 || floodHeadroom[k] <= fall) return;
    reached[k] = 1;
    queue[end++] = k;
    if (permanentWater[k] === 0) depth[k] = floodHeadroom[k] - fall;
  };
  for (let next = 0; next < end; next++) {
    const k = queue[next];
    const column = k % width;
    if (column > 0) visit(k - 1);
    if (column < width - 1) visit(k + 1);
    if (k >= width) visit(k - width);
    if (k < width * (height - 1)) visit(k + width);
  }
  return depth;
}
