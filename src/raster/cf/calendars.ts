/** Calendars of climate models, whose years are all alike. */

/** Days of each month. */
const LEAP = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const COMMON = LEAP.map((days, month) => (month === 1 ? 28 : days));
const EVEN = LEAP.map(() => 30);

const MODELS: Readonly<Record<string, readonly number[]>> = {
  noleap: COMMON,
  '365_day': COMMON,
  all_leap: LEAP,
  '366_day': LEAP,
  '360_day': EVEN,
};

export interface ModelCalendar {
  /** Days since 1 January of year 0; NaN for a date outside the calendar. */
  toDays(year: number, month: number, day: number): number;
  /** The date of a whole number of days. */
  toDate(days: number): readonly [year: number, month: number, day: number];
}

/** A calendar by CF's name; null for one whose years differ. */
export function modelCalendar(name: string): ModelCalendar | null {
  if (!Object.hasOwn(MODELS, name)) return null;
  const months = MODELS[name];
  const starts = months.map((_, month) => months.slice(0, month).reduce((sum, days) => sum + days, 0));
  const yearDays = starts[11] + months[11];
  return {
    toDays: (year, month, day) =>
      day >= 1 && day <= (months[month - 1] ?? 0)
        ? year * yearDays + starts[month - 1] + day - 1
        : Number.NaN,
    toDate(days) {
      const year = Math.floor(days / yearDays);
      const rest = days - year * yearDays;
      const month = starts.findLastIndex((start) => start <= rest);
      return [year, month + 1, rest - starts[month] + 1];
    },
  };
}
