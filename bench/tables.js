// The tables of docs/benchmarks.md, from the files in results/.
//
//   node bench/tables.js            writes them into docs/benchmarks.md, between its markers
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** A Markdown table; nothing without rows. */
export function table(heads, rows) {
  if (rows.length === 0) return '';
  const line = (cells) => `| ${cells.join(' | ')} |`;
  return [line(heads), `|${'---|'.repeat(heads.length)}`, ...rows.map(line)].join('\n');
}

const tables = (list) => list.filter((text) => text !== '').join('\n\n');
/** Three significant digits; whole numbers above 100. */
const digits = (value) => (value >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3))));
const PEER = "time ÷ terrachip's";

const timings = (rows) => rows.map(({ name, seconds, ratio }) => [name, digits(seconds), ratio.toFixed(2)]);

/** The tables of each benchmark. A file of results has the same name; `package-full` is a `package` too. */
const TABLES = {
  warp: ({ results }) =>
    tables(Object.entries(results).map(([title, rows]) => table([title, 'median s', PEER], timings(rows)))),
  kernels: ({ records }) =>
    table(
      ['kernel', 'median s', 'Mpixel/s', "time ÷ terrachip's on the CPU"],
      records.flatMap(({ title, megapixels, results }) =>
        results.map(({ name, seconds, ratio }) => [
          `${title}: ${name}`,
          digits(seconds),
          digits(megapixels / seconds),
          ratio.toFixed(2),
        ]),
      ),
    ),
  raster: ({ reading, windowPeakMebibytes: { of30, of120 } }) =>
    tables([
      table(
        ['30 Mpixel in tiles of 512', 'median s', PEER],
        reading.flatMap(({ file, results }) =>
          timings(results).map(([name, ...cells]) => [`${file}: ${name}`, ...cells]),
        ),
      ),
      `Peak memory of reading 1024 × 1024 pixels: ${of30} MiB of 30 Mpixel, ${of120} MiB of 120 Mpixel.`,
    ]),
  'cog-writer': ({ rasters }) =>
    table(
      ['30 Mpixel with overviews', 'median s', 'MB', PEER],
      rasters.flatMap(({ title, results }) =>
        results.map(({ name, seconds, megabytes, ratio }) => [
          `${title}: ${name}`,
          digits(seconds),
          digits(megabytes),
          ratio.toFixed(2),
        ]),
      ),
    ),
  stitch: ({ scenes }) =>
    table(
      ['51 Mpixel, 1189 chips', 'median s', PEER],
      scenes.flatMap(({ classes, results }) =>
        timings(results).map(([name, ...cells]) => [`classes: ${classes}; ${name}`, ...cells]),
      ),
    ),
  package: ({ size, planes, cold, warm, arrays }) =>
    tables([
      ...Object.entries({ cold, warm })
        .filter(([, results]) => results)
        .map(([title, results]) =>
          table(
            [
              `${planes} planes of ${size.join(' × ')}, ${title}`,
              ...['runs', 'median s', 'CPU s', 'peak MiB', PEER, "memory ÷ terrachip's"],
            ],
            results.map(({ name, runs, seconds, cpuSeconds, peakMiB, ratio, memoryRatio }) => [
              name,
              runs.length,
              digits(seconds),
              digits(cpuSeconds),
              peakMiB,
              ...[ratio, memoryRatio].map((value) => value?.toFixed(2) ?? ''),
            ]),
          ),
        ),
      ...Object.entries(arrays ?? {}).map(
        ([name, { beyond, masksDiffer }]) =>
          `\`${name}\`: ${beyond} pixels beyond the tolerance of the warp, ${masksDiffer} with data in one of both.`,
      ),
    ]),
  scene: ({ models, heights, size }) =>
    tables([
      table(
        [
          `${size.join(' × ')} pixels`,
          ...['runs', 's', 'CPU s', 'peak MiB', 'planned', 'bare model calls, s', 'CPU s', 'whole ÷ bare'],
          'of CPU s',
          'other CPU s',
          'stages, s',
        ],
        models.map((each) => [
          `${each.model} from the ${each.from}`,
          each.runs,
          ...[each.seconds, each.cpuSeconds, each.peakMiB, each.plannedMiB].map(digits),
          ...[each.bareModelSeconds, each.bareModelCpuSeconds].map(digits),
          ...[each.ratio, each.cpuRatio].map((ratio) => ratio.toFixed(2)),
          digits(each.cpuSecondsBesideModel),
          Object.entries(each.stages)
            .map(([stage, seconds]) => `${stage} ${digits(seconds)}`)
            .join(', '),
        ]),
      ),
      table(
        [
          'layout and strips',
          's',
          'CPU s',
          'peak MiB',
          'planned',
          'chips',
          'pixels warped',
          'pixels read',
          'blocks decoded',
        ],
        heights.map(({ layout, strips, seconds, cpuSeconds, peakMiB, plannedMiB, counters }) => [
          `${layout}, ${strips}`,
          digits(seconds),
          digits(cpuSeconds),
          peakMiB,
          plannedMiB,
          counters.chipsRun + counters.chipsSkipped,
          counters.warpedPixels,
          counters.sourcePixelsRead,
          counters.blocksDecoded,
        ]),
      ),
      table(
        [
          'layout',
          'counters proportional to the strips',
          'growth of CPU s ÷ that of the strips',
          'range of the peaks, MiB',
        ],
        growthOf(heights).map(({ layout, exact, cpu, peakMiB }) => [
          layout,
          exact ? 'exactly' : 'no',
          cpu.toFixed(2),
          peakMiB,
        ]),
      ),
    ]),
  model: ({ models }) =>
    table(
      ['model', 's per chip', 'peak MiB', 'time ÷ that of the first in its run'],
      models.flatMap(({ size, results, webgpu, imports }) => [
        ...[...results, ...webgpu].map(({ name, seconds, peakMiB, ratio }) => [
          `${size}: ${name}`,
          digits(seconds),
          peakMiB,
          ratio.toFixed(2),
        ]),
        ...Object.entries(imports).map(([precision, { seconds, peakMiB }]) => [
          `${size}: import of the checkpoint, ${precision} (in all)`,
          digits(seconds),
          Math.round(peakMiB),
          '',
        ]),
      ]),
    ),
  catalog: ({ records }) => tables(records.map(catalogTable)),
  rapidai4eo: ({ read, index, queries, locations }) =>
    table(
      [`${locations} locations`, 's', 'CPU s', 'found'],
      [
        ['read both files', digits(read.seconds), digits(read.processor), locations],
        ['index', digits(index.seconds), digits(index.processor), ''],
        ...Object.entries(queries).map(([name, { seconds, processor, found }]) => [
          name,
          seconds.toPrecision(3),
          processor.toPrecision(3),
          found,
        ]),
      ],
    ),
};

/**
 * Compares maps of 1, 2 and 4 times as many strips, for each file layout that has all three: whether chips, batches and
 * warped pixels grow exactly as the strips (without batches where chips are skipped, as at the corners of the full scene); the increase of CPU seconds from 2 to 4 times, ÷ twice that from 1 to 2 times,
 * which excludes the start of a process; and the range of the peak memory.
 */
export function growthOf(heights) {
  const layouts = [...new Set(heights.map(({ layout }) => layout))];
  return layouts.flatMap((layout) => {
    const runs = [1, 2, 4].map((times) =>
      heights.find((other) => other.layout === layout && other.times === times),
    );
    if (runs.includes(undefined)) return [];
    const growth = (of) => {
      const [one, two, four] = runs.map(of);
      return (four - two) / (2 * (two - one));
    };
    const isWhole = runs.every(({ counters }) => counters.chipsSkipped === 0);
    const counted = [
      ...(isWhole ? [({ counters }) => counters.batches] : []),
      ({ counters }) => counters.chipsRun + counters.chipsSkipped,
      ({ counters }) => counters.warpedPixels,
    ];
    const peaks = runs.map(({ peakMiB }) => peakMiB);
    return [
      {
        layout,
        exact: counted.every((of) => growth(of) === 1),
        cpu: growth(({ cpuSeconds }) => cpuSeconds),
        peakMiB: Math.max(...peaks) - Math.min(...peaks),
      },
    ];
  });
}

function catalogTable({ count, memory, file, geopandas, ratio }) {
  const ms = (seconds) => (seconds === undefined ? '' : digits(1000 * seconds));
  const rows = [
    ['build, with its index', memory.build, geopandas.build, ratio.build],
    ['write', memory.write, geopandas.write, ratio.write],
    ['open', file.open, geopandas.open, ratio.open],
    ['query in memory', memory.query, geopandas.query, ratio.query],
    ['query of the file, row numbers', file.query, geopandas.query, ratio.find],
    ['query of the file, rows', file.rows, geopandas.rows, ratio.rows],
    ['query without an index', undefined, geopandas.unindexed, ''],
  ];
  return table(
    [`${count} scenes`, 'terrachip, ms', 'GeoPandas, ms', PEER],
    rows.map(([name, ours, theirs, times]) => [name, ms(ours), ms(theirs), times]),
  );
}

/** The text between the markers of a result in docs/benchmarks.md. */
function section(name) {
  const path = here(`results/${name}.json`);
  if (!existsSync(path)) return 'Not measured yet.';
  const record = JSON.parse(readFileSync(path, 'utf8'));
  const { processor, cores, memoryGiB, node } = record.machine;
  const versions = Object.entries(record.versions ?? {}).map(([program, text]) =>
    text.startsWith('GDAL') ? text.split(',')[0] : `${program} ${text}`,
  );
  const about = [
    `${processor}, ${cores} cores, ${memoryGiB} GiB`,
    `Node ${node.slice(1)}`,
    ...versions,
    ...(record.rounds === undefined ? [] : [`rounds: ${record.rounds}`]),
    ...(record.load === undefined ? [] : [`load ${record.load[0]} before, ${record.load.at(-1)} after`]),
  ];
  return `${formatResult(record)}\n\n\`results/${name}.json\`: ${about.join('; ')}.`;
}

/** The tables of a result, in Markdown. */
export function formatResult(record) {
  return TABLES[record.benchmark](record);
}

/** Writes the tables of all results into a page, between `<!-- results: NAME -->` and `<!-- end -->`. */
export function withTables(page) {
  return page.replace(
    /(<!-- results: ([\w-]+) -->\n)[\s\S]*?(\n?<!-- end -->)/g,
    (_, start, name) => `${start}\n${section(name)}\n\n<!-- end -->`,
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const page = here('../docs/benchmarks.md');
  writeFileSync(page, withTables(readFileSync(page, 'utf8')));
}
