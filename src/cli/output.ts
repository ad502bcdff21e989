/**
 * Prints the results of commands to stdout and everything else to stderr. Passwords in URLs are never printed, and control
 * characters are escaped.
 */
import { messageOf, withoutCredentials } from '../errors.js';
import { writeError } from '../io/node/output.js';
import type { OnProgress, ProgressEvent } from '../progress.js';
import type { Rephrase } from './flags.js';
import { printable, printableJson, printableLines } from './printable.js';
import { formatPlan } from './table.js';

const BAR_WIDTH = 24;

/** Without a terminal, stages that take this long print a line for each tenth, and at least one every half minute. */
const LINE_MILLISECONDS = 2000;
const LONGEST_PAUSE = 30_000;

export class Output {
  readonly #interactive = process.stderr.isTTY === true;
  readonly #now: () => number;
  #line = '';
  #stage = '';
  #pace: Pace = { start: 0, first: 0, printed: 0, tenth: 0 };

  /**
   * @param rephrase rewords warnings for the command
   * @param now the time in milliseconds
   */
  constructor(
    readonly json: boolean,
    readonly rephrase: Rephrase = (message) => message,
    now: () => number = () => performance.now(),
  ) {
    this.#now = now;
  }

  /** Prints the result of a command: a document with --json, else text. */
  result(document: object, text: string): void {
    this.#clear();
    const printed = this.json ? printableJson({ schemaVersion: 1, ...document }) : printableLines(text);
    process.stdout.write(`${withoutCredentials(printed)}\n`);
  }

  /** Prints progress: a bar on a terminal; elsewhere a line for each stage, and lines at intervals. */
  readonly onProgress: OnProgress = (event: ProgressEvent) => {
    // Chips are counted instead of units.
    if (event.type === 'progress' && event.unit === 'units') return;
    if (event.type === 'warning') {
      this.#clear();
      process.stderr.write(`warning: ${printable(withoutCredentials(this.rephrase(event.message)))}\n`);
    } else if (event.type === 'plan') {
      for (const line of formatPlan(event)) this.note(line);
    } else if (event.type === 'stage' || this.#stage !== event.stage) {
      this.#clear();
      this.#stage = event.stage;
      const now = this.#now();
      const first = event.type === 'progress' ? event.done : 0;
      this.#pace = { start: now, first, printed: now, tenth: 0 };
      if (!this.#interactive) process.stderr.write(`${printable(event.stage)}\n`);
    }
    if (event.type !== 'progress') return;
    const share = event.total === 0 ? 1 : event.done / event.total;
    const text = `${event.done}/${event.total} ${event.unit}${this.#rate(event)}`;
    if (this.#interactive) {
      const filled = Math.round(BAR_WIDTH * share);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      this.#show(`${event.stage.padEnd(10)} ${bar} ${text}`);
      if (event.done === event.total) this.#keep();
    } else if (this.#isDue(share)) process.stderr.write(`${printable(`${event.stage} ${text}`)}\n`);
  };

  /** The rate and the remaining time; empty while these are unknown. */
  #rate({ done, total, unit }: Extract<ProgressEvent, { type: 'progress' }>): string {
    const { start, first } = this.#pace;
    const seconds = (this.#now() - start) / 1000;
    const rate = (done - first) / seconds;
    if (!(seconds >= 1 && rate > 0)) return '';
    const shown = rate >= 10 ? Math.round(rate) : Number(rate.toPrecision(2));
    const left = done < total ? `, ${durationOf((total - done) / rate)} left` : '';
    return `, ${shown} ${unit}/s${left}`;
  }

  /** Whether to print a line without a terminal: at each tenth, and after a long pause. */
  #isDue(share: number): boolean {
    const { printed, tenth, start } = this.#pace;
    const now = this.#now();
    const reached = Math.floor(share * 10);
    const isLong = now - start >= LINE_MILLISECONDS;
    if (!(isLong && reached > tenth) && now - printed < LONGEST_PAUSE) return false;
    this.#pace = { ...this.#pace, printed: now, tenth: reached };
    return true;
  }

  /** Prints a line that is not a result. */
  note(message: string): void {
    this.#clear();
    process.stderr.write(`${printable(withoutCredentials(message))}\n`);
  }

  error(message: string): void {
    this.note(`terrachip: ${message}`);
  }

  /** Prints the stack of an error. */
  stack(error: Error): void {
    process.stderr.write(`${printableLines(withoutCredentials(error.stack ?? messageOf(error)))}\n`);
  }

  #show(line: string): void {
    const shown = printable(line);
    process.stderr.write(`\r${shown.padEnd(this.#line.length)}`);
    this.#line = shown;
  }

  #keep(): void {
    process.stderr.write('\n');
    this.#line = '';
  }

  #clear(): void {
    if (this.#line !== '') process.stderr.write(`\r${' '.repeat(this.#line.length)}\r`);
    this.#line = '';
  }
}

/** The progress of a stage, in milliseconds. */
interface Pace {
  /** When it began, and how much was done then. */
  readonly start: number;
  readonly first: number;
  /** When the last line was printed, and the tenths of the stage that were done then. */
  readonly printed: number;
  readonly tenth: number;
}

/** `45 s`, `12 min` or `3 h 20 min`. */
function durationOf(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A reader that closes the pipe (`| head -1`) is not an error; a full disk is one. */
export function watchOutputs(): void {
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EPIPE') return;
    const error = writeError('the standard output', cause);
    process.stderr.write(`terrachip: ${printable(error.message)}\n`);
    process.exitCode = error.exitStatus;
  });
  // Errors of stderr cannot be reported anywhere.
  process.stderr.on('error', () => undefined);
}
