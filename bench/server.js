// A process that measures on demand, for model.js and scene.js.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/**
 * A process that prints the seconds per chip for each input line (terrachip's also the processor seconds), and its peak memory
 * at the end of the input.
 */
export class Server {
  #child;
  #lines;

  constructor([command, ...rest]) {
    this.#child = spawn(command, rest, { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @returns {Promise<number>} wall-clock seconds */
  async run() {
    return (await this.measure()).seconds;
  }

  async measure() {
    this.#child.stdin.write('run\n');
    const [seconds, cpuSeconds] = await this.#numbers();
    return { seconds, cpuSeconds };
  }

  async end() {
    this.#child.stdin.end();
    return (await this.#numbers())[0];
  }

  async #numbers() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended early`);
    return value.split(' ').map(Number);
  }
}
