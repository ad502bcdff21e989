import type { Random } from '../../src/workflow/model/random.js';

/** A watercourse as a line of points, in metres from the ground's upper left corner: x to the right, y down. */
export interface Stream {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** The normal water level at each point, in metres above sea level. */
  readonly level: Float64Array;
  /** Width in metres. */
  readonly width: number;
}

/** A watercourse and the middle line of its valley, which is smoother. */
export interface Valley {
  readonly stream: Stream;
  readonly axis: Stream;
}

/** Distance of points in metres. */
const STEP = 10;

/** Gradient of the river and of its tributaries (m/m). */
const RIVER_FALL = 0.0008;
const TRIBUTARY_FALL = 0.006;

interface Path {
  x: number[];
  y: number[];
}

/**
 * A meandering path: its direction is a sine of the distance along it (the sine-generated curve of Langbein and Leopold
 * 1966).
 */
function meander(
  random: Random,
  start: readonly [number, number],
  wavelength: number,
  swing: number,
  heading: (x: number, y: number) => number,
  done: (x: number, y: number) => boolean,
  longest: number,
): Path {
  const path: Path = { x: [], y: [] };
  const phase = 2 * Math.PI * random.uniform();
  let [x, y] = start;
  for (let distance = 0; distance < longest && !done(x, y); distance += STEP) {
    path.x.push(x);
    path.y.push(y);
    const slow = 1 + 0.3 * Math.sin((2 * Math.PI * distance) / (4.3 * wavelength) + 2 * phase);
    const angle = heading(x, y) + swing * slow * Math.sin((2 * Math.PI * distance) / wavelength + phase);
    x += STEP * Math.cos(angle);
    y += STEP * Math.sin(angle);
  }
  return path;
}

/** Smooths a stream by a moving average of `window` metres. */
function straighten(stream: Stream, window: number): Stream {
  const half = Math.round(window / 2 / STEP);
  const average = (values: Float64Array): Float64Array => {
    const sums = new Float64Array(values.length + 1);
    for (let k = 0; k < values.length; k++) sums[k + 1] = sums[k] + values[k];
    return Float64Array.from(values, (_, k) => {
      const reach = Math.min(half, k, values.length - 1 - k);
      return (sums[k + reach + 1] - sums[k - reach]) / (2 * reach + 1);
    });
  };
  return { x: average(stream.x), y: average(stream.y), level: stream.level, width: stream.width };
}

/** The river from the west edge to the east edge, and its tributaries from the north and south edges. */
export function drawStreams(
  random: Random,
  size: { width: number; height: number },
  river: { width: number; altitude: number },
): Valley[] {
  const { width, height } = size;
  const beyond = 600;
  const middle = height * (0.42 + 0.16 * random.uniform());
  const wavelength = 14 * river.width + 900;
  const swing = 0.8 + 0.5 * random.uniform();
  const main = meander(
    random,
    [-beyond, middle],
    wavelength,
    swing,
    (_, y) => Math.max(-0.6, Math.min(0.6, (middle - y) / (0.35 * height))),
    (x) => x > width + beyond,
    20 * (width + 2 * beyond),
  );
  const count = main.x.length;
  const level = Float64Array.from(
    { length: count },
    (_, k) => river.altitude + RIVER_FALL * STEP * (count - 1 - k),
  );
  const streams: Stream[] = [
    { x: Float64Array.from(main.x), y: Float64Array.from(main.y), level, width: river.width },
  ];
  // One tributary about every five kilometres.
  const tributaries = Math.max(1, Math.round(width / 5000));
  for (let k = 0; k < tributaries; k++) {
    const mouth = Math.floor(count * ((k + 0.3 + 0.4 * random.uniform()) / tributaries));
    const [mx, my] = [main.x[mouth], main.y[mouth]];
    const north = random.uniform() < 0.5;
    const end = north ? -beyond : height + beyond;
    const up = meander(
      random,
      [mx, my],
      500 + 500 * random.uniform(),
      0.6 + 0.4 * random.uniform(),
      () => (north ? -Math.PI / 2 : Math.PI / 2),
      (_, y) => (north ? y < end : y > end),
      6 * (height + beyond),
    );
    streams.push({
      x: Float64Array.from(up.x),
      y: Float64Array.from(up.y),
      level: Float64Array.from(up.x, (_, i) => level[mouth] + TRIBUTARY_FALL * STEP * i),
      width: river.width / 5,
    });
  }
  return streams.map((stream, k) => ({ stream, axis: straighten(stream, (k === 0 ? 2 : 0.8) * wavelength) }));
}
