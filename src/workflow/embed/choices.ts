import type { CalendarUnit, GridPolicy } from '../../catalog/node/index.js';

export const CHIP_TIMES = [
  'all',
  'time',
  'hour',
  'day',
  'week',
  'month',
  'quarter',
  'year',
  'solarDay',
] as const satisfies readonly ('all' | 'time' | 'solarDay' | CalendarUnit)[];
/** How rows at one place are grouped into chips: all rows, by their exact times, or by a calendar unit. */
export type ChipTimes = (typeof CHIP_TIMES)[number];

/** `GridPolicy`, except for policies that change the size of chips. */
export const EDGE_POLICIES = ['cover', 'centre', 'pad', 'drop'] as const satisfies readonly GridPolicy[];
/** How chips are placed at the edges of an area. */
export type EdgePolicy = (typeof EDGE_POLICIES)[number];

/** The version of the attributes of an embedding store. */
export const EMBEDDINGS_SCHEMA_VERSION = 1;
