/**
 * Where commands print: results to stdout, everything else to stderr. Passwords of addresses are printed nowhere, control
 * characters are shown escaped.
 */
import { messageOf, withoutCredentials } from '../errors.js';
import { writeError } from '../io/node/output.js';
import type { OnProgress, ProgressEvent } from '../progress.js';
import type { Rephrase } from './flags.js';
import { printable, printableJson, printableLines } from './printable.js';

const BAR_WIDTH = 24;

export class Output {
  readonly #interactive = process.stderr.isTTY === true;
  #line = '';
  #stage = '';

  /** @param rephrase how warnings are worded for the command */
  constructor(
    readonly json: boolean,
    readonly rephrase: Rephrase = (message) => message,
  ) {}

  /** The result of a command: a document with --json, else text. */
  result(document: object, text: string): void {
    this.#clear();
    const printed = this.json ? printableJson({ schemaVersion: 1, ...document }) : printableLines(text);
    process.stdout.write(`${withoutCredentials(printed)}\n`);
  }

  /** Progress as it comes: a bar on a terminal; elsewhere a line for each stage. */
  readonly onProgress: OnProgress = (event: ProgressEvent) => {
    if (event.type === 'warning') {
      this.#clear();
      process.stderr.write(`warning: ${printable(withoutCredentials(this.rephrase(event.message)))}\n`);
    } else if (event.type === 'stage' || this.#stage !== event.stage) {
      this.#clear();
      this.#stage = event.stage;
      if (!this.#interactive) process.stderr.write(`${printable(event.stage)}\n`);
    }
    if (event.type === 'progress' && this.#interactive) {
      const share = event.total === 0 ? 1 : event.done / event.total;
      const filled = Math.round(BAR_WIDTH * share);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      this.#show(`${event.stage.padEnd(10)} ${bar} ${event.done}/${event.total} ${event.unit}`);
      if (event.done === event.total) this.#keep();
    }
  };

  /** A line for a person, beside the result. */
  note(message: string): void {
    this.#clear();
    process.stderr.write(`${printable(withoutCredentials(message))}\n`);
  }

  error(message: string): void {
    this.#clear();
    process.stderr.write(`terrachip: ${printable(withoutCredentials(message))}\n`);
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

/** What a reader that went away (`| head -1`) leaves is no fault; a full disk under the output is one. */
export function watchOutputs(): void {
  process.stdout.on('error', (cause: NodeJS.ErrnoException) => {
    if (cause.code === 'EPIPE') return;
    const error = writeError('the standard output', cause);
    process.stderr.write(`terrachip: ${printable(error.message)}\n`);
    process.exitCode = error.exitStatus;
  });
  // There is nowhere left to say it.
  process.stderr.on('error', () => undefined);
}
