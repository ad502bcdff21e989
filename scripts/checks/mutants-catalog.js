// Faults in the catalog and in vector files for `mutants.js`: touching, ends of intervals, the antimeridian, poles,
// identity of rows, the order of reductions, masks, chips and solar days.
const T = 'test/catalog';
const EDGES = `${T}/edge-cases.test.ts`;
const QUERY = `${T}/query.test.ts`;
const ALGEBRA = `${T}/algebra.test.ts`;
const GEOCATALOG = `${T}/geocatalog.test.ts`;
const UNION = `${T}/union.test.ts`;
const TIMES = `${T}/times.test.ts`;
const RASTER = `${T}/load-raster.test.ts`;
const REFERENCE = `${T}/load-reference.test.ts`;
const MASKS = `${T}/load-masks.test.ts`;
const SERIES = `${T}/load-timeseries.test.ts`;
const GRID = `${T}/samplers/grid.test.ts`;
const BOUNDARY = `${T}/samplers/boundary.test.ts`;
const RANDOM = `${T}/samplers/random-sampler.test.ts`;
const FOLDS = `${T}/samplers/folds.test.ts`;
const S = 'src/catalog';
const V = 'src/vector';
const SHAPEFILE = 'test/vector/shapefile.test.ts';
const GEOPACKAGE = 'test/vector/geopackage.test.ts';
const RASTERIZE = 'test/workflow/vectors.test.ts';

/** [file, original text, faulty text, test file that must fail] */
export const CATALOG_MUTANTS = [
  // vector files: indexes, records shorter than their table, exact numbers
  [
    `${V}/shapefile/shp.ts`,
    'shx === null ? null : recordsOfIndex(shp, shx)',
    'null as ReturnType<typeof recordsOfIndex>',
    SHAPEFILE,
  ],
  [`${V}/geopackage/sqlite.ts`, 'k < values.length ? values[k] : otherwise', 'values[k] ?? null', GEOPACKAGE],
  [`${V}/burn-values.ts`, 'Number.isSafeInteger(value) && ', '', RASTERIZE],
  [`${V}/burn-values.ts`, "(dtype === 'float64' || Math.fround(value) === value)", 'true', RASTERIZE],
  [
    'src/workflow/rasterize.ts',
    'allocateArray(dtype, (rows.end - rows.start) * width)',
    "allocateArray('float32', (rows.end - rows.start) * width)",
    RASTERIZE,
  ],
  // queries: ends of intervals, touching, the antimeridian, poles
  [`${S}/place-query.ts`, 'start <= this.end && end', 'start < this.end && end', EDGES],
  [`${S}/place-query.ts`, 'end >= this.start', 'end > this.start', EDGES],
  [`${S}/relate.ts`, 'Math.abs(x0) === 180', 'x0 === 180', EDGES],
  [`${S}/relate.ts`, ' || (y0 === y1 && Math.abs(y0) === 90)', '', EDGES],
  [`${S}/place-query.ts`, "this.#predicate === 'contains' || box[0]", 'box[0]', QUERY],
  [`${S}/relate.ts`, '(mayTouch && ofA.contact)', 'ofA.contact', QUERY],
  [`${S}/relate.ts`, 'return !cutBoundary(outer, inner).inside;', 'return true;', `${T}/polygons.test.ts`],
  [`${S}/place.ts`, 'crosses ? x1 + 360 : x1', 'x1', QUERY],
  [`${S}/place.ts`, 'Math.max(-90, y0), east, Math.min(90, y1)', 'y0, east, y1', QUERY],
  [
    `${S}/boxes.ts`,
    'west[2] < east[0] ? [west, east]',
    'west[2] > east[0] ? [west, east]',
    `${T}/spatial-index.test.ts`,
  ],
  [`${S}/geo-catalog.ts`, 'index.isSplit(row) ? null : ', '', QUERY],
  [`${S}/spatial-index.ts`, 'if (second >= 0) test(second, row);', '', `${T}/spatial-index.test.ts`],
  [`${S}/parquet/candidates.ts`, 'start > query.end || end', 'start >= query.end || end', EDGES],
  [`${S}/parquet/candidates.ts`, 'if (start?.nulls === 0 && ', 'if (', GEOCATALOG],
  ['src/geo/bounds.ts', 'isEdge && from.isGeographic', 'false', 'test/geo/crs.test.ts'],
  // set algebra
  [`${S}/intersect.ts`, 'starts[a] <= right.table.ends[b]', 'starts[a] < right.table.ends[b]', ALGEBRA],
  [`${S}/intersect.ts`, 'keepFlat || !isFlat(polygon)', 'true', ALGEBRA],
  [`${S}/intersect.ts`, 'spatialOnly || shared === null', 'shared === null', GEOCATALOG],
  [`${S}/clip.ts`, 'if (!outlinesIntersect([a], [b], false)) return [];', '', ALGEBRA],
  [`${S}/matchup.ts`, 'row.interval.start - before', 'row.interval.start - after', `${T}/matchup.test.ts`],
  [`${S}/matchup.ts`, "join === 'all' && present", "join === 'any' && present", `${T}/matchup.test.ts`],
  // identity of rows
  [`${S}/union.ts`, 'JSON.stringify([collection, id])', 'id', UNION],
  [`${S}/union.ts`, 'const SAME_PLACE = 0.5', 'const SAME_PLACE = 0.01', UNION],
  [`${S}/union.ts`, 'const SAME_TIME = 60_000', 'const SAME_TIME = 86_400_000', UNION],
  [`${S}/union.ts`, '< 0 ? second : first', '> 0 ? second : first', UNION],
  [`${S}/union.ts`, '(_R\\d{3}_T\\w{5})', '(_R\\d{3})_T\\w{5}', UNION],
  // times
  [`${S}/times.ts`, 'start - Math.round(before)', 'start - Math.round(after)', TIMES],
  [`${S}/date-format.ts`, 'timeOf(next) - 1)', 'timeOf(next))', `${T}/name-pattern.test.ts`],
  [`${S}/loaders/time-steps.ts`, 'Math.floor(east / 15)', 'Math.trunc(east / 15)', SERIES],
  [`${S}/loaders/time-steps.ts`, '((((longitude + 180) % 360) + 360) % 360) - 180', 'longitude', SERIES],
  [
    `${S}/loaders/timeseries.ts`,
    "method === 'nearest' ? nearestFirst(sources, interval) : sources",
    'sources',
    SERIES,
  ],
  [
    `${S}/node/find-files.ts`,
    '    named++;\n    found.add(path);',
    '    if (!found.has(path)) named++;\n    found.add(path);',
    `${T}/builders.test.ts`,
  ],
  // reductions
  [`${S}/loaders/reduce.ts`, "method === 'last' ? [...sources].reverse() : sources", 'sources', RASTER],
  [
    `${S}/loaders/reduce.ts`,
    'count < plane.length) return false',
    'count < plane.length - 1) return false',
    REFERENCE,
  ],
  [
    `${S}/loaders/reduce.ts`,
    "this.#fold(counts[i], planes, 'count', 'sum')",
    "this.#fold(counts[i], planes, 'count', 'count')",
    RASTER,
  ],
  [`${S}/loaders/rows.ts`, 'compare(middleOf(a.interval), middleOf(b.interval)) ||', '', RASTER],
  [
    `${S}/loaders/plan.ts`,
    "band.colourInterpretation === 'alpha' ? [] : [band.index]",
    '[band.index]',
    EDGES,
  ],
  [`${S}/loaders/quality.ts`, 'if (quality[i] === 0) masked++;', 'if (quality[i] !== 0) masked++;', MASKS],
  [`${S}/loaders/quality.ts`, 'padWindow(window, margin)', 'window', MASKS],
  [
    `${S}/loaders/unfilled.ts`,
    'Number(baseline) >= FIRST_WITHOUT_POLYGONS',
    'Number(baseline) > FIRST_WITHOUT_POLYGONS',
    MASKS,
  ],
  [`${S}/loaders/outside.ts`, 'beyond > last - first', 'beyond > last - first + 1', BOUNDARY],
  [
    `${S}/loaders/outside.ts`,
    '2 * (k < first ? first : last) - k',
    '2 * (k < first ? first : last) - k + 1',
    BOUNDARY,
  ],
  [`${S}/loaders/points.ts`, 'x - 0.5, y - 0.5', 'x, y', `${T}/points.test.ts`],
  // chips
  [
    `${S}/samplers/grid.ts`,
    "policy === 'drop' ? Math.floor(steps) : Math.ceil(steps)",
    'Math.floor(steps)',
    GRID,
  ],
  [`${S}/samplers/grid.ts`, '-Math.floor(beyond / 2)', '-Math.ceil(beyond / 2)', GRID],
  [`${S}/samplers/grid.ts`, 'if (start >= length) chips.pop();', 'if (start > length) chips.pop();', GRID],
  [`${S}/samplers/cover.ts`, 'Math.ceil(y0 - 0.5)', 'Math.floor(y0 - 0.5)', GRID],
  [`${S}/samplers/cover.ts`, 'index.add(x + 0.25, y + 0.25', 'index.add(x, y', RANDOM],
  [`${S}/samplers/centre-places.ts`, 'earliest === k && ', '', RANDOM],
  [
    `${S}/samplers/random-sampler.ts`,
    'window === null || area.count(window) < wanted',
    'window === null',
    RANDOM,
  ],
  [
    `${S}/samplers/random-sampler.ts`,
    'area.insideBlock({ x, y, width, height })',
    '{ x, y, width, height }',
    FOLDS,
  ],
  [`${S}/samplers/splits.ts`, 'share * total + 1e-9', 'share * total', `${T}/samplers/splits.test.ts`],
  [`${S}/samplers/sequence.ts`, 'worker + index * workers', 'worker + index', RANDOM],
];
