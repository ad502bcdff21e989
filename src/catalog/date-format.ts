/** Dates in file names, by `strptime` formats. */
import { invalidOption } from '../errors.js';
import { TimeInterval } from '../geo/index.js';

/** Units of time, coarsest first. A date spans the finest unit of its format. */
const UNITS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond'] as const;
type Unit = (typeof UNITS)[number];

const DIRECTIVES: Readonly<Record<string, { readonly pattern: string; readonly unit: Unit }>> = {
  Y: { pattern: '\\d{4}', unit: 'year' },
  y: { pattern: '\\d{2}', unit: 'year' },
  m: { pattern: '\\d{1,2}', unit: 'month' },
  b: { pattern: '[A-Za-z]{3}', unit: 'month' },
  B: { pattern: '[A-Za-z]{3,9}', unit: 'month' },
  d: { pattern: '\\d{1,2}', unit: 'day' },
  j: { pattern: '\\d{3}', unit: 'day' },
  H: { pattern: '\\d{1,2}', unit: 'hour' },
  M: { pattern: '\\d{1,2}', unit: 'minute' },
  S: { pattern: '\\d{1,2}', unit: 'second' },
  f: { pattern: '\\d{1,9}', unit: 'millisecond' },
};

const MONTHS = 'january february march april may june july august september october november december'.split(
  ' ',
);

/** Parses a date as the interval of its finest unit, in UTC; null for text that is not a date in the format. */
export type DateReader = (text: string) => TimeInterval | null;

/**
 * Makes a parser of dates: `%Y %y %m %b %B %d %j %H %M %S %f %%`. A format without a day means whole months, a format
 * without hours whole days.
 * @throws {TerrachipError} INVALID_OPTION for other directives, a repeated one, or a format without a year
 */
export function dateReader(format: string, option = 'dateFormat'): DateReader {
  const letters: string[] = [];
  const pieces = format.match(/%.|[\s\S]/g) ?? [];
  const isDirective = (piece = ''): boolean => /^%[^%]$/.test(piece);
  const pattern = pieces.map((piece, k) => {
    if (!isDirective(piece)) return literal(piece === '%%' ? '%' : piece);
    const letter = piece[1];
    const directive = DIRECTIVES[letter];
    if (directive === undefined || letters.includes(letter)) {
      throw invalidOption(
        option,
        directive === undefined ? `has %${letter}, which is not known` : `has %${letter} twice`,
        `use %${Object.keys(DIRECTIVES).join(' %')}, each once`,
      );
    }
    letters.push(letter);
    // Adjacent numbers need all their digits: 2021071 is not 1 July.
    const touches = isDirective(pieces[k - 1]) || isDirective(pieces[k + 1]);
    return `(${touches ? directive.pattern.replace('{1,2}', '{2}') : directive.pattern})`;
  });
  if (!letters.includes('Y') && !letters.includes('y')) {
    throw invalidOption(option, `"${format}" has no year`, 'write it as %Y%m%d, or leave out the date');
  }
  const expression = new RegExp(`^${pattern.join('')}$`);
  const units = letters.map((letter) => UNITS.indexOf(DIRECTIVES[letter].unit));
  const finest = units.reduce((a, b) => Math.max(a, b));
  return (text) => {
    const match = expression.exec(text);
    if (match === null) return null;
    const parts = new Map(letters.map((letter, k) => [letter, match[k + 1]]));
    return intervalOf(parts, finest);
  };
}

function intervalOf(parts: ReadonlyMap<string, string>, finest: number): TimeInterval | null {
  const number = (letter: string, fallback: number): number => Number(parts.get(letter) ?? fallback);
  const twoDigits = number('y', 0);
  // POSIX: 69 to 99 are 1969 to 1999.
  const year = parts.has('Y') ? number('Y', 0) : twoDigits + (twoDigits < 69 ? 2000 : 1900);
  const month = monthOf(parts);
  const day = parts.has('j') ? number('j', 1) : number('d', 1);
  const [hour, minute, second] = [number('H', 0), number('M', 0), number('S', 0)];
  const millisecond = Math.floor(Number(`0.${parts.get('f') ?? '0'}`) * 1000);
  if (month === null || hour > 23 || minute > 59 || second > 59) return null;
  const dates = [year, month, day, hour, minute, second, millisecond];
  const start = timeOf(dates);
  // Date rolls a day that does not exist over into the next month.
  const date = new Date(start);
  const monthsAgree = parts.has('j') || date.getUTCMonth() === month;
  if (day < 1 || date.getUTCFullYear() !== year || !monthsAgree) return null;
  const next = [...dates];
  next[finest]++;
  return new TimeInterval(start, timeOf(next) - 1);
}

function timeOf([year, month, day, hour, minute, second, millisecond]: readonly number[]): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  date.setUTCHours(hour, minute, second, millisecond);
  return date.getTime();
}

/** Month from 0; null for an unknown name. 0 with a day of the year. */
function monthOf(parts: ReadonlyMap<string, string>): number | null {
  if (parts.has('j')) return 0;
  const name = (parts.get('b') ?? parts.get('B'))?.toLowerCase();
  const letters = parts.has('b') ? 3 : undefined;
  const index =
    name === undefined
      ? Number(parts.get('m') ?? 1) - 1
      : MONTHS.findIndex((month) => month.slice(0, letters) === name);
  return index >= 0 && index < 12 ? index : null;
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
