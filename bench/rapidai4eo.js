// 500,000 generated locations of RapidAI4EO: reads both consolidated files, and answers queries from memory.
//
//   node bench/rapidai4eo.js [QUERIES]
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { CLC_CLASSES, getAssetHrefs, readLocations } from '../dist/archives/index.js';
import { MemorySource } from '../dist/io/index.js';
import { load, machine, median, publish } from './harness.js';

const turns = Number(process.argv[2] ?? 50);
const [columns, rows, half] = [1000, 500, 0.004];
const [dx, dy] = [0.67 / 18, 0.34 / 11];
const berlin = [13.05, 52.35, 13.72, 52.69];

const features = [];
const labels = [`sample_id,${CLC_CLASSES.map(({ code }) => `clc_${code}`).join(',')}`];
for (let k = 0; k < columns * rows; k++) {
  const [column, line] = [k % columns, Math.floor(k / columns)];
  const id = `33N_18E-242N_${line}_${column}`;
  const [x, y] = [berlin[0] + dx * (column - 399.5), berlin[1] + dy * (line - 249.5)];
  const ring = [
    [x - half, y - half],
    [x + half, y - half],
    [x + half, y + half],
    [x - half, y + half],
    [x - half, y - half],
  ];
  const geometry = { type: 'Polygon', coordinates: [ring] };
  features.push(JSON.stringify({ type: 'Feature', properties: { sample_id: id }, geometry }));
  // Two classes; their codes and shares are derived from the number of the location.
  const shares = CLC_CLASSES.map(() => 0);
  shares[k % 44] = 0.75;
  shares[(k * 7 + 3) % 44] += 0.25;
  labels.push(`${id},${shares.join(',')}`);
}
const files = {
  geometries: gzipSync(`{"type":"FeatureCollection","features":[\n${features.join(',\n')}\n]}`, { level: 1 }),
  labels: gzipSync(`${labels.join('\n')}\n`, { level: 1 }),
};

/** Wall-clock seconds, the result, and processor seconds, which do not depend on other programs of the machine. */
const seconds = async (work) => {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return [(performance.now() - start) / 1000, result, (user + system) / 1e6];
};

const [read, locations, readCpu] = await seconds(() =>
  readLocations({
    geometries: new MemorySource(files.geometries, 'geometries.geojson.gz'),
    labels: new MemorySource(files.labels, 'labels.csv.gz'),
  }),
);
const [index, , indexCpu] = await seconds(() => locations.query({ geometry: [0, 0, 1, 1] }));

const outline = {
  type: 'Polygon',
  coordinates: [
    Array.from({ length: 361 }, (_, k) => [
      13 + 2 * Math.cos(k * (Math.PI / 180)),
      52 + Math.sin(k * (Math.PI / 180)),
    ]),
  ],
};
outline.coordinates[0][360] = outline.coordinates[0][0];

const queries = {
  box: () => locations.query({ geometry: berlin }),
  outline: () => locations.query({ geometry: outline }),
  within: () => locations.query({ geometry: outline, predicate: 'within' }),
  class: () => locations.query({ classes: [{ code: 312, atLeast: 0.5 }] }),
  group: () => locations.query({ classes: [{ code: 31, atLeast: 0.5 }] }),
  boxAndGroup: () => locations.query({ geometry: berlin, classes: [{ code: 31, atLeast: 0.5 }] }),
  addresses: () => getAssetHrefs(locations.query({ geometry: berlin })),
};

const records = {};
for (const [name, query] of Object.entries(queries)) {
  for (let k = 0; k < 5; k++) query();
  const [times, processor] = [[], []];
  let found = [];
  for (let k = 0; k < turns; k++) {
    const [time, result, cpu] = await seconds(query);
    times.push(time);
    processor.push(cpu);
    found = result;
  }
  const [clock, cpu] = [times, processor].map((list) => Number(median(list).toPrecision(3)));
  records[name] = { found: found.length, seconds: clock, processor: cpu };
}
const record = {
  schemaVersion: 1,
  benchmark: 'rapidai4eo',
  machine: machine(),
  load: [load()],
  locations: locations.length,
  bytes: { geometries: files.geometries.length, labels: files.labels.length },
  read: { seconds: Number(read.toPrecision(3)), processor: Number(readCpu.toPrecision(3)) },
  index: { seconds: Number(index.toPrecision(3)), processor: Number(indexCpu.toPrecision(3)) },
  queries: records,
};
publish(record, fileURLToPath(new URL('results/rapidai4eo.json', import.meta.url)));
