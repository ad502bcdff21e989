/** Made-up scenes of a catalog: rotated rectangles over ten years, as numbers that other programs can read too. */
import { GeoCatalog, type PlaceAndTime, type Polygon, SpatialIndex } from '../../catalog/node/index.js';
import { type Bounds, TimeInterval } from '../../geo/index.js';

const DAY = 86_400_000;
const FIRST_DAY = Date.UTC(2015, 0, 1);
const DAYS = 3650;

/** Numbers per scene: four corners in degrees, start and end in milliseconds. */
export const SCENE = 10;

function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @returns `SCENE` numbers for each of `count` scenes */
export function scenes(count: number): Float64Array {
  const random = randomNumbers(count);
  const values = new Float64Array(SCENE * count);
  for (let k = 0; k < count; k++) {
    const [x, y] = [356 * random() - 178, 135 * random() - 60];
    const [width, height, turn] = [0.1 + 0.4 * random(), 0.1 + 0.4 * random(), Math.PI * random()];
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const corners = [-1, -1, 1, -1, 1, 1, -1, 1];
    for (let c = 0; c < 8; c += 2) {
      const [u, v] = [corners[c] * width, corners[c + 1] * height];
      values[SCENE * k + c] = x + u * cos - v * sin;
      values[SCENE * k + c + 1] = y + u * sin + v * cos;
    }
    const start = FIRST_DAY + DAY * Math.floor(DAYS * random());
    values[SCENE * k + 8] = start;
    values[SCENE * k + 9] = start + DAY - 1;
  }
  return values;
}

/** A 1° box and a month. */
export interface BoxAndMonth extends PlaceAndTime {
  readonly geometry: Bounds;
  readonly interval: TimeInterval;
}

export function queries(count: number): BoxAndMonth[] {
  const random = randomNumbers(99);
  return Array.from({ length: count }, () => {
    const [x, y] = [355 * random() - 178, 133 * random() - 60];
    const start = FIRST_DAY + DAY * Math.floor((DAYS - 30) * random());
    return { geometry: [x, y, x + 1, y + 1], interval: new TimeInterval(start, start + 30 * DAY - 1) };
  });
}

/** A catalog over the numbers; rows are created on access. */
export function catalogOf(values: Float64Array): GeoCatalog {
  const length = values.length / SCENE;
  const footprint = (k: number): readonly Polygon[] => {
    const at = (c: number): [number, number] => [values[SCENE * k + c], values[SCENE * k + c + 1]];
    return [[[at(0), at(2), at(4), at(6), at(0)]]];
  };
  const column = (place: number): Float64Array =>
    Float64Array.from({ length }, (_, k) => values[SCENE * k + place]);
  const box = (k: number): Bounds[] => {
    const part = values.subarray(SCENE * k, SCENE * k + 8);
    const [x0, x1] = [
      Math.min(part[0], part[2], part[4], part[6]),
      Math.max(part[0], part[2], part[4], part[6]),
    ];
    const [y0, y1] = [
      Math.min(part[1], part[3], part[5], part[7]),
      Math.max(part[1], part[3], part[5], part[7]),
    ];
    return [[x0, y0, x1, y1]];
  };
  const [starts, ends] = [column(8), column(9)];
  return GeoCatalog.fromTable({
    length,
    index: SpatialIndex.fromBoxes(length, box),
    starts,
    ends,
    footprint,
    row: (k) => ({
      id: `S2B_MSIL2A_${k}`,
      collection: 'sentinel-2-l2a',
      footprint: footprint(k),
      interval: new TimeInterval(starts[k], ends[k]),
      href: `https://example.com/sentinel-2-l2a/${k}/B04.tif`,
      assets: { B04: { href: `https://example.com/sentinel-2-l2a/${k}/B04.tif`, roles: ['data'] } },
      properties: { 'eo:cloud_cover': k % 101, platform: 'sentinel-2b' },
    }),
  });
}
