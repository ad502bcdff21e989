/** Where commands print: results to stdout, everything else to stderr; passwords of addresses nowhere. */
import { withoutCredentials } from '../errors.js';
import type { OnProgress, ProgressEvent } from '../progress.js';

const BAR_WIDTH = 24;

export class Output {
  readonly json: boolean;
  readonly #interactive = process.stderr.isTTY === true;
  #line = '';
  #stage = '';

  constructor(json: boolean) {
    this.json = json;
  }

  /** The result of a command: a document with --json, else text. */
  result(document: object, text: string): void {
    this.#clear();
    const printed = this.json ? JSON.stringify({ schemaVersion: 1, ...document }, null, 2) : text;
    process.stdout.write(`${withoutCredentials(printed)}\n`);
  }

  /** Progress as it comes: a bar on a terminal; elsewhere a line for each stage. */
  readonly onProgress: OnProgress = (event: ProgressEvent) => {
    if (event.type === 'warning') {
      this.#clear();
      process.stderr.write(`warning: ${withoutCredentials(event.message)}\n`);
    } else if (event.type === 'stage' || this.#stage !== event.stage) {
      this.#clear();
      this.#stage = event.stage;
      if (!this.#interactive) process.stderr.write(`${event.stage}\n`);
    }
    if (event.type === 'progress' && this.#interactive) {
      const share = event.total === 0 ? 1 : event.done / event.total;
      const filled = Math.round(BAR_WIDTH * share);
      const bar = '█'.repeat(filled) + '░'.repeat(BAR_WIDTH - filled);
      this.#show(`${event.stage.padEnd(10)} ${bar} ${event.done}/${event.total} ${event.unit}`);
      if (event.done === event.total) this.#keep();
    }
  };

  error(message: string): void {
    this.#clear();
    process.stderr.write(`terrachip: ${withoutCredentials(message)}\n`);
  }

  #show(line: string): void {
    process.stderr.write(`\r${line.padEnd(this.#line.length)}`);
    this.#line = line;
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
