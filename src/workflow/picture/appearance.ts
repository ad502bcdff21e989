/** Colours, legend and colour bar of a raster's picture. */
import { isIndexName } from '../../kernels/expression/indices.js';
import type { IndexName } from '../../kernels/index.js';
import type { ColourTable, Raster } from '../../raster/node/index.js';
import type { Units } from '../../raster/units.js';
import type { ColourMapName, LegendName } from '../choices.js';
import { parseColour } from '../classes.js';
import { polarisationOf, radarUnits } from '../file-hints.js';
import { computeIndex } from './bands.js';
import { type Colour, WHITE } from './canvas.js';
import { paint, percentileStretch } from './colours.js';
import { categoryColour, distinctClasses, LEGENDS, legendOfFile } from './legends.js';
import type { ColourBar, LegendEntry } from './sheet.js';

/** What is drawn, and how. */
export interface Drawing {
  readonly raster: Raster;
  readonly bands: readonly number[];
  /** The names of the bands. */
  readonly names: readonly string[];
  /** Their values; NaN for no data. */
  readonly planes: readonly Float32Array[];
  /** 1 in pixels that stretches leave out; null for none. */
  readonly clouds: Uint8Array | null;
  readonly composite: 'true-colour' | 'false-colour' | IndexName | undefined;
  readonly colourMap: ColourMapName | undefined;
  /** Default: 2 and 98; 8-bit colours then stay as they are. */
  readonly percentiles: readonly [number, number] | undefined;
  readonly units: Units | undefined;
  readonly legend: LegendName | undefined;
}

/** Pixels in RGBA, and what explains them. */
export interface Appearance {
  readonly pixels: Uint8Array;
  /** The values at the two ends of the colours, for each band or the index; null for classes. */
  readonly stretch: [number, number][] | null;
  readonly legend: LegendEntry[];
  readonly colourBar: ColourBar | null;
  /** What was assumed of the values, a sentence each. */
  readonly assumed: string[];
}

export const DEFAULT_PERCENTILES = [2, 98] as const;

export function isIndex(composite: Drawing['composite']): composite is IndexName {
  return composite !== undefined && isIndexName(composite);
}

export async function appearanceOf(drawing: Drawing): Promise<Appearance> {
  const { composite, planes } = drawing;
  if (isIndex(composite)) {
    return ofQuantities(drawing, [await computeIndex(composite, planes)], composite, 'viridis', []);
  }
  if (planes.length === 3) return ofColours(drawing);
  return ofClasses(drawing) ?? ofOneBand(drawing);
}

/** Red, green and blue. */
function ofColours(drawing: Drawing): Appearance {
  const { raster, bands, planes, percentiles } = drawing;
  const infos = bands.map((band) => raster.bands[band - 1]);
  if (percentiles !== undefined || infos.some(({ storedType }) => storedType !== 'uint8')) {
    const assumed: string[] = [];
    const shown = planes.map((plane, k) => physical(drawing, plane, k, assumed).plane);
    return ofQuantities(drawing, shown, '', 'grey', assumed);
  }
  const stretch = infos.map(({ scale, offset }): [number, number] => [offset, 255 * scale + offset]);
  const pixels = paint(planes, stretch, 'grey');
  return { pixels, stretch, legend: withNoData([], pixels), colourBar: null, assumed: [] };
}

/** Null for a band that is not one of classes. */
function ofClasses({ raster, bands, planes, colourMap, units, legend }: Drawing): Appearance | null {
  const [plane] = planes;
  const info = raster.bands[bands[0] - 1];
  const isFloat = info.dtype === 'float32' || info.dtype === 'float64';
  if (colourMap !== undefined) return null;
  const all = distinctClasses(plane, MOST_VALUES);
  const named = legend ?? (isFloat || all === null ? null : legendOfFile(raster.name, all));
  if (named !== null && all !== null) {
    const classes = LEGENDS[named].classes;
    const of = new Map(
      classes.map(({ value, name, colour }) => [value, { name, colour: parseColour(colour) }]),
    );
    const assumed =
      legend === undefined ? [`its classes are those of ${LEGENDS[named].title}, as its name says`] : [];
    return painted(plane, all, (value) => of.get(value) ?? null, assumed);
  }
  if (raster.colourTable !== null) {
    const table: ColourTable = raster.colourTable;
    const ofTable = (value: number): ClassStyle | null =>
      table[value] === undefined ? null : { name: '', colour: table[value] };
    return painted(plane, all ?? [], ofTable, []);
  }
  const few = distinctClasses(plane);
  const isDeclared = units === 'class' || units === 'bits';
  if (!isDeclared && (units !== undefined || few === null || few.length === 0 || isFloat)) return null;
  const values = isDeclared ? all : few;
  if (values === null) return null;
  const assumed = isDeclared
    ? []
    : [`its ${values.length} values are classes (\`units\` says what they are)`];
  return painted(plane, values, (value) => ({ name: '', colour: categoryColour(value) }), assumed);
}

function ofOneBand(drawing: Drawing): Appearance {
  const { colourMap = 'grey' } = drawing;
  const assumed: string[] = [];
  const { plane, label } = physical(drawing, drawing.planes[0], 0, assumed);
  return ofQuantities(drawing, [plane], label, colourMap, assumed);
}

/** The text after the name of a band; power is drawn in decibels. */
export const UNIT_LABELS: Readonly<Partial<Record<Units, string>>> = {
  dB: 'dB',
  linear_power: 'dB',
  m: 'm',
  reflectance: 'reflectance',
  dn_harmonised: 'reflectance × 10 000',
  dn_offset_1000: 'reflectance × 10 000 + 1000',
};

/** The values of a band that are drawn, power in decibels, and its name with the unit. */
function physical(
  { raster, bands, names, units }: Drawing,
  plane: Float32Array,
  k: number,
  assumed: string[],
): { plane: Float32Array; label: string } {
  const polarisation = polarisationOf(raster, names[k]);
  const guessed = units === undefined && polarisation !== null ? radarUnits(plane) : null;
  if (guessed !== null) {
    const problem = guessed === 'dB' ? 'decibels' : 'power, drawn in decibels';
    assumed.push(`its ${polarisation} is ${problem} (\`units\` says what it is)`);
  }
  const known = units ?? guessed;
  const stored = raster.bands[bands[k] - 1].metadata['']?.UNITTYPE;
  const unit = known === null ? stored : UNIT_LABELS[known];
  const name = polarisation !== null && /^band|^bands$/.test(names[k]) ? polarisation : names[k];
  const label = unit === undefined || unit === '' ? name : `${name} (${unit})`;
  return { plane: known === 'linear_power' ? inDecibels(plane) : plane, label };
}

/** Power in decibels; −Infinity for 0 and less. */
function inDecibels(plane: Float32Array): Float32Array {
  return plane.map((power) => 10 * Math.log10(power < 0 ? 0 : power));
}

function ofQuantities(
  { percentiles = DEFAULT_PERCENTILES, clouds, colourMap }: Drawing,
  planes: readonly Float32Array[],
  label: string,
  defaultMap: ColourMapName,
  assumed: string[],
): Appearance {
  const map = colourMap ?? defaultMap;
  const stretch = planes.map((plane): [number, number] => {
    const [low, high] = percentileStretch([plane], percentiles, [clouds]);
    // The middle of a diverging map is 0.
    const end = Math.max(Math.abs(low), Math.abs(high));
    return map === 'rdbu' ? [-end, end] : [low, high];
  });
  const pixels = paint(planes, stretch, map);
  const colourBar = planes.length === 1 ? { label, map, stretch: stretch[0] } : null;
  return { pixels, stretch, legend: withNoData([], pixels), colourBar, assumed };
}

/** Distinct values of a band that are counted. */
const MOST_VALUES = 256;

/** Most classes of a legend. */
const MOST_LEGEND = 16;

interface ClassStyle {
  readonly name: string;
  readonly colour: Colour;
}

/** Paints classes; those without a style are transparent. */
function painted(
  plane: Float32Array,
  values: readonly number[],
  styleOf: (value: number) => ClassStyle | null,
  assumed: string[],
): Appearance {
  const styles = new Map(values.map((value) => [value, styleOf(value)]));
  const pixels = new Uint8Array(4 * plane.length);
  for (const [i, value] of plane.entries()) {
    const style = styles.get(value) ?? null;
    if (style !== null) pixels.set([...style.colour, 255], 4 * i);
  }
  const legend = [...styles].flatMap(([value, style]): LegendEntry[] =>
    style === null ? [] : [{ label: `${value} ${style.name}`.trim(), kind: 'fill', colour: style.colour }],
  );
  const most = legend.slice(0, MOST_LEGEND);
  return { pixels, stretch: null, legend: withNoData(most, pixels), colourBar: null, assumed };
}

function withNoData(legend: LegendEntry[], pixels: Uint8Array): LegendEntry[] {
  const hasGaps = pixels.some((value, i) => i % 4 === 3 && value === 0);
  return hasGaps ? [...legend, { label: 'no data', kind: 'hatch', colour: WHITE }] : legend;
}
