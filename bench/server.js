// A process that measures on demand, for model.js and scene.js.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that prints the seconds per chip for each input line, and its peak memory at the end of the input. */
export class Server {
  #child;
  #lines;

  constructor([command, ...rest]) {
    this.#child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  async run() {
    this.#child.stdin.write('run\n');
    return this.#number();
  }

  async end() {
    this.#child.stdin.end();
    return this.#number();
  }

  async #number() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended early`);
    return Number(value);
  }
}
