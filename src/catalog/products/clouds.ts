/** Cloud masks: 1 for cloud, 0 for clear, NaN for no data. */
import { gridStrips } from '../../geo/index.js';
import type { Resampling } from '../../kernels/index.js';
import { Rasterizer } from '../../vector/index.js';
import type { ByKind, CloudKind, CloudSource, ProductFile } from './description.js';
import type { ProductBandName } from './names.js';
import { readWarpedRows, type WarpedRowsContext } from './warped-rows.js';

/** The kinds of cloud in a mask; empty for other bands. */
const KINDS: Readonly<Partial<Record<ProductBandName, readonly CloudKind[]>>> = {
  CLOUDS: ['clouds'],
  SHADOWS: ['shadows'],
  CIRRUS: ['cirrus'],
  ALL_CLOUDS: ['clouds', 'shadows', 'cirrus'],
};

/** Whether a source distinguishes a kind of the mask. */
export function tellsOf(source: CloudSource, name: ProductBandName): boolean {
  return KINDS[name]?.some((kind) => source.of[kind] !== undefined) ?? false;
}

/** @param file the band of classes or bits; for planes and polygons, a band that marks pixels without data */
export async function loadClouds(
  name: ProductBandName,
  source: CloudSource,
  file: ProductFile,
  resampling: Resampling,
  rows: WarpedRowsContext,
  target: Float32Array,
): Promise<void> {
  const of = <T>(all: ByKind<T>): T[] =>
    (KINDS[name] ?? []).map((kind) => all[kind]).filter((values) => values !== undefined);
  if (source.kind === 'classes' || source.kind === 'bits') {
    const numbers = of<number | readonly number[]>(source.of).flat();
    const bits = numbers.reduce((all, field) => all | field, 0);
    const isClass = source.kind === 'classes';
    const isSet = (value: number): boolean => (isClass ? numbers.includes(value) : (value & bits) !== 0);
    await readWarpedRows(rows, file, { resampling }, (values, first) => {
      for (let i = 0; i < values.length; i++)
        target[first + i] = Number.isNaN(values[i]) ? Number.NaN : isSet(values[i]) ? 1 : 0;
    });
    return;
  }
  target.fill(0);
  if (source.kind === 'planes') {
    const mask = { href: source.href, nodata: null, invalid: [], geobox: null };
    for (const band of of(source.of)) {
      await readWarpedRows(rows, mask, { resampling, band }, (values, first) => {
        for (let i = 0; i < values.length; i++) if (values[i] > 0) target[first + i] = 1;
      });
    }
  } else {
    const { grid } = rows;
    const features = of(source.of).map((polygons) => ({ polygons, properties: {} }));
    const rasterizer = new Rasterizer({ name: source.id, crs: source.crs, features }, grid);
    const ones = features.map(() => 1);
    for (const strip of gridStrips(grid)) {
      const part = target.subarray(strip.start * grid.width, strip.end * grid.width);
      rasterizer.burn(strip, part, ones);
    }
  }
  await readWarpedRows(rows, file, { resampling: 'nearest' }, (values, first) => {
    for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) target[first + i] = Number.NaN;
  });
}
