import type { CalendarUnit, GridPolicy } from '../../catalog/node/index.js';

/** Which images of a place are one chip: those of all times, of one interval, or of a unit of the calendar. */
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
/** Which rows of a catalog make one chip, by their times. */
export type ChipTimes = (typeof CHIP_TIMES)[number];

/** What happens at the edges of an area: as `GridPolicy`, less what makes chips of another size. */
export const EDGE_POLICIES = ['cover', 'centre', 'pad', 'drop'] as const satisfies readonly GridPolicy[];
/** What happens to chips at the edges of an area. */
export type EdgePolicy = (typeof EDGE_POLICIES)[number];

/** Version of the documents in a store of embeddings. */
export const EMBEDDINGS_SCHEMA_VERSION = 1;
