/** Dates, bands and item names in file names, by a regular expression with named groups. */
import { invalidInput, invalidOption, messageOf } from '../errors.js';
import { TimeInterval } from '../geo/index.js';
import { dateReader } from './date-format.js';

/** How dates and bands are found in file names. */
export interface NamePatternOptions {
  /**
   * Named groups: `date`, or `start` and `stop`, for the time; `band` for the band in the file. Files whose names
   * differ only in the band are one item. Other named groups become properties. The expression is searched in the file
   * name, without folders. Python's `(?P<name>…)` is allowed.
   */
  filenameRegex?: string | RegExp;
  /** The `strptime` format of dates. Default: `%Y%m%d`. */
  dateFormat?: string;
}

export interface NameParts {
  /** The name without its extension and band. */
  readonly stem: string;
  readonly interval: TimeInterval;
  readonly band: string | null;
  readonly properties: Readonly<Record<string, string>>;
}

const KNOWN = ['date', 'start', 'stop', 'band'];

/** Parses a file name; null for a name that the expression does not match. */
export type NameReader = (name: string) => NameParts | null;

/**
 * Makes a parser of file names; it throws INVALID_INPUT for an invalid date.
 * @throws {TerrachipError} INVALID_OPTION for an invalid expression or missing groups
 */
export function nameReader({ filenameRegex, dateFormat }: NamePatternOptions): NameReader {
  if (filenameRegex === undefined) {
    if (dateFormat !== undefined) {
      throw invalidOption('dateFormat', 'has no meaning without `filenameRegex`', 'give both, or neither');
    }
    const undated = { interval: TimeInterval.always, band: null, properties: {} };
    return (name) => ({ stem: withoutExtension(name), ...undated });
  }
  const expression = compile(filenameRegex);
  const groups = groupsOf(expression);
  requireGroups(groups, dateFormat);
  const isDated = groups.includes('date') || groups.includes('start');
  const read = isDated ? dateReader(dateFormat ?? '%Y%m%d') : null;
  const moment = (name: string, group: string, text: string | undefined): TimeInterval => {
    const interval = read?.(text ?? '') ?? null;
    if (interval !== null) return interval;
    throw invalidInput(
      name,
      text === undefined ? `has no text in the group ${group} of its name` : `has the invalid date "${text}"`,
      `write dates as ${dateFormat ?? '%Y%m%d'}, or give another \`dateFormat\``,
    );
  };
  return (name) => {
    const match = expression.exec(name);
    if (match === null) return null;
    const { date, start, stop, band, ...rest } = match.groups ?? {};
    let interval = TimeInterval.always;
    if (groups.includes('date')) interval = moment(name, 'date', date);
    else if (groups.includes('start')) {
      const [from, to] = [moment(name, 'start', start), moment(name, 'stop', stop)];
      if (from.start > to.end) {
        throw invalidInput(name, `stops (${stop}) before it starts (${start})`, 'correct the name');
      }
      interval = new TimeInterval(from.start, to.end);
    }
    const properties = Object.fromEntries(
      Object.entries(rest).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
    return { stem: stemOf(name, match.indices?.groups?.band), interval, band: band ?? null, properties };
  };
}

function compile(expression: string | RegExp): RegExp {
  const source = typeof expression === 'string' ? expression.replaceAll('(?P<', '(?<') : expression.source;
  const flags = typeof expression === 'string' ? '' : expression.flags.replace(/[dgy]/g, '');
  try {
    return new RegExp(source, `${flags}d`);
  } catch (cause) {
    throw invalidOption('filenameRegex', `is not a regular expression (${messageOf(cause)})`, 'correct it');
  }
}

function groupsOf(expression: RegExp): string[] {
  // The empty alternative always matches, and a match has the names of all groups.
  return Object.keys(new RegExp(`${expression.source}|`, expression.flags).exec('')?.groups ?? {});
}

function requireGroups(groups: readonly string[], dateFormat: string | undefined): void {
  const has = (name: string): boolean => groups.includes(name);
  const refuse = (problem: string): Error =>
    invalidOption(
      'filenameRegex',
      problem,
      'name its groups as in (?<date>\\d{8}), or (?<start>…) and (?<stop>…), and (?<band>B\\d+)',
    );
  if (!KNOWN.some(has)) throw refuse('has none of the groups date, start and stop, band');
  if (has('start') !== has('stop')) throw refuse('has only one of the groups start and stop');
  if (has('date') && has('start')) throw refuse('has the group date beside start and stop');
  if (dateFormat !== undefined && !has('date') && !has('start')) {
    throw invalidOption(
      'dateFormat',
      'has no meaning without a group date, or start and stop, in `filenameRegex`',
      'leave it out, or name the group',
    );
  }
}

/** A name without its extension and band; of separators on both sides of the band one is removed too. */
function stemOf(name: string, band: readonly [number, number] | undefined): string {
  if (band === undefined) return withoutExtension(name);
  const [before, after] = [name.slice(0, band[0]), name.slice(band[1])];
  const joined =
    /[_.\- ]$/.test(before) && /^[_.\- ]/.test(after) ? before.slice(0, -1) + after : before + after;
  return withoutExtension(joined);
}

/** `a.tar.tif` → `a.tar`; `.tif` is unchanged. */
export function withoutExtension(name: string): string {
  return name.replace(/(?<=.)\.[A-Za-z][A-Za-z\d]{0,7}$/, '');
}
