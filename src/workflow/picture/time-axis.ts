/** Round times on an axis, in UTC. */

export interface TimeTick {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly label: string;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Days that count from the first of each month, so that ticks stay on the same days of months. */
const DAYS_OF_MONTH: Readonly<Record<number, readonly number[]>> = {
  1: Array.from({ length: 31 }, (_, k) => k + 1),
  2: Array.from({ length: 15 }, (_, k) => 2 * k + 1),
  5: [1, 6, 11, 16, 21, 26],
  15: [1, 16],
};

/**
 * Round times from `first` to `last`: hours, days, months or years.
 * @param most how many there may be, at least 1
 */
export function timeTicks(first: number, last: number, most: number): TimeTick[] {
  for (const hours of [1, 3, 6, 12]) {
    const step = hours * HOUR;
    if ((last - first) / step + 1 > most) continue;
    const ticks: TimeTick[] = [];
    for (let time = Math.ceil(first / step) * step; time <= last; time += step)
      ticks.push({ time, label: new Date(time).toISOString().slice(5, 16).replace('T', ' ') });
    return ticks;
  }
  for (const days of [1, 2, 5, 15]) {
    if ((last - first) / (days * DAY) + 1 > most) continue;
    return monthsBetween(first, last, 1).flatMap((month) =>
      DAYS_OF_MONTH[days].flatMap((day) => {
        const time = month + (day - 1) * DAY;
        const isInMonth = new Date(time).getUTCDate() === day;
        return isInMonth && time >= first && time <= last ? [{ time, label: labelOfTime(time) }] : [];
      }),
    );
  }
  for (const months of [1, 2, 3, 6]) {
    if ((last - first) / (months * 30.4 * DAY) + 1 > most) continue;
    return monthsBetween(first, last, months)
      .filter((time) => time >= first && time <= last)
      .map((time) => ({ time, label: new Date(time).toISOString().slice(0, 7) }));
  }
  for (let power = 1; ; power *= 10) {
    for (const years of [power, 2 * power, 5 * power]) {
      if ((last - first) / (years * 365.2 * DAY) + 1 > most) continue;
      return monthsBetween(first, last, 12 * years)
        .filter((time) => time >= first && time <= last)
        .map((time) => ({ time, label: String(new Date(time).getUTCFullYear()) }));
    }
  }
}

/** The first days of months whose number since the year 0 is a multiple of a step, from the one before `first`. */
function monthsBetween(first: number, last: number, step: number): number[] {
  const date = new Date(first);
  const month = 12 * date.getUTCFullYear() + date.getUTCMonth();
  const times: number[] = [];
  for (let k = Math.floor(month / step) * step; ; k += step) {
    const time = Date.UTC(Math.floor(k / 12), k % 12, 1);
    if (time > last) return times;
    times.push(time);
  }
}

/** `2021-07-15`, or with the time of the day where it is not midnight. */
export function labelOfTime(time: number): string {
  const text = new Date(time).toISOString();
  return time % DAY === 0 ? text.slice(0, 10) : text.slice(0, 16).replace('T', ' ');
}
