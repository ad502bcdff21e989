/** Names and colours of classes. */
import { basename } from 'node:path';
import { CLC_PLUS_CLASSES, type LandCoverClass } from '../../archives/clc-plus.js';
import type { LegendName } from '../choices.js';
import { parseColour } from '../classes.js';
import type { Colour } from './canvas.js';

interface Legend {
  readonly title: string;
  /** A part of its files' names. */
  readonly file: RegExp;
  readonly classes: readonly LandCoverClass[];
}

export const LEGENDS: Readonly<Record<LegendName, Legend>> = {
  // Classes 11, 253 and 254: table 2 of the manual and the palette that `CLC_PLUS_CLASSES` names.
  'clc-plus': {
    title: 'CLC+ Backbone',
    file: /clc_?plus/i,
    classes: [
      ...CLC_PLUS_CLASSES,
      { value: 11, name: 'Snow and ice', colour: '#00ffff' },
      { value: 253, name: 'Coastal seawater buffer', colour: '#bfdfff' },
      { value: 254, name: 'Outside area', colour: '#e6e6e6' },
    ],
  },
  // ESA WorldCover 10 m, Product User Manual of version 2.0, https://esa-worldcover.org/en/data-access.
  worldcover: {
    title: 'ESA WorldCover',
    file: /worldcover/i,
    classes: [
      { value: 10, name: 'Tree cover', colour: '#006400' },
      { value: 20, name: 'Shrubland', colour: '#ffbb22' },
      { value: 30, name: 'Grassland', colour: '#ffff4c' },
      { value: 40, name: 'Cropland', colour: '#f096ff' },
      { value: 50, name: 'Built-up', colour: '#fa0000' },
      { value: 60, name: 'Bare / sparse vegetation', colour: '#b4b4b4' },
      { value: 70, name: 'Snow and ice', colour: '#f0f0f0' },
      { value: 80, name: 'Permanent water bodies', colour: '#0064c8' },
      { value: 90, name: 'Herbaceous wetland', colour: '#0096a0' },
      { value: 95, name: 'Mangroves', colour: '#00cf75' },
      { value: 100, name: 'Moss and lichen', colour: '#fae6a0' },
    ],
  },
};

/** The legend that a file's name points to, if it has each of the values; else null. */
export function legendOfFile(name: string, values: readonly number[]): LegendName | null {
  for (const [key, { file, classes }] of Object.entries(LEGENDS) as [LegendName, Legend][]) {
    const isKnown = (value: number): boolean => classes.some((each) => each.value === value);
    // 0 is a pixel without a class.
    if (file.test(basename(name)) && values.every((value) => value === 0 || isKnown(value))) return key;
  }
  return null;
}

/** Paired with twelve classes (C. Brewer, colorbrewer2.org, Apache-2.0), the strong colour of each pair first. */
const CATEGORIES = [
  ...['1f78b4', '33a02c', 'e31a1c', 'ff7f00', '6a3d9a', 'b15928'],
  ...['a6cee3', 'b2df8a', 'fb9a99', 'fdbf6f', 'cab2d6', 'ffff99'],
];

/** The colour of a class without a legend: by its value, so that it is the same in each picture; grey below 1. */
export function categoryColour(value: number): Colour {
  if (value === 0) return [224, 224, 224];
  if (value < 0) return [150, 150, 150];
  return parseColour(`#${CATEGORIES[(value - 1) % CATEGORIES.length]}`);
}

/** Most distinct values of whole numbers that are taken for classes. */
const MOST_CLASSES = 12;

/** The distinct values of a plane in order; null for more than `most`, or for values that are not whole. */
export function distinctClasses(plane: Float32Array, most: number = MOST_CLASSES): number[] | null {
  const found = new Set<number>();
  for (const value of plane) {
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value)) return null;
    found.add(value);
    if (found.size > most) return null;
  }
  return [...found].sort((a, b) => a - b);
}
