/** Bounds on the requests under way: of the whole process, and to one host. */
import { requireWhole } from '../errors.js';
import { millisecondsOf, type RetryAfterUnit } from './http-errors.js';
import { Pace } from './pace.js';
import { pause } from './pause.js';
import { Semaphore } from './semaphore.js';

/** How many requests may be under way at a time. */
export interface RequestLimits {
  /** In the process (default 32). */
  total?: number;
  /** To one host and port (default 8). */
  perHost?: number;
}

/** The longest wait that a host may ask for, in milliseconds; above it, its requests fail. */
const MAX_WAIT = 120_000;

interface Host {
  readonly limit: Semaphore;
  readonly pace: Pace;
}

let total = new Semaphore(32);
let perHost = 8;
let hosts = new Map<string, Host>();

/**
 * Sets the bounds of the process. Requests under way keep theirs.
 * @throws {TerrachipError} INVALID_OPTION for a bound that is no positive whole number
 */
export function setRequestLimits(limits: RequestLimits): void {
  requireWhole('total', limits.total ?? 32, 1);
  requireWhole('perHost', limits.perHost ?? 8, 1);
  total = new Semaphore(limits.total ?? 32);
  perHost = limits.perHost ?? 8;
  hosts = new Map();
}

/** A place among the requests to a host. */
export interface Place {
  /** Reports an answer of the host, which may slow down further requests to it. */
  answered(response: Response, unit?: RetryAfterUnit): void;
  leave(): void;
}

/** Waits until a host may be asked. @param host name and port */
export async function enter(host: string, signal: AbortSignal): Promise<Place> {
  const known = hosts.get(host) ?? { limit: new Semaphore(perHost), pace: new Pace() };
  hosts.set(host, known);
  const { limit, pace } = known;
  const leaveHost = await limit.enter(signal);
  try {
    const wait = pace.reserve(performance.now());
    if (wait > 0) await pause(wait, signal);
    const leaveTotal = await total.enter(signal);
    return {
      answered: (response, unit) => tell(pace, response, unit),
      leave: () => {
        leaveTotal();
        leaveHost();
      },
    };
  } catch (error) {
    leaveHost();
    throw error;
  }
}

function tell(pace: Pace, { status, headers }: Response, unit?: RetryAfterUnit): void {
  const retryAfter = headers.get('retry-after');
  if (status === 429 || (status === 503 && retryAfter !== null)) {
    const wait = retryAfter === null ? null : millisecondsOf(retryAfter, unit);
    pace.refuse(performance.now(), wait !== null && wait > MAX_WAIT ? null : wait);
  } else if (status < 400) pace.answer();
}
