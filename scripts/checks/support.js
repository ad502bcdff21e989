// Shared by the checks: a list of assertions, commands, and temporary folders.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Prints assertions, one per line, then their counts, and sets the exit status. */
export class Checklist {
  #name;
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  /** @param {string} name */
  constructor(name) {
    this.#name = name;
  }

  /**
   * @param {string} claim
   * @param {() => unknown} assertion throws if the claim is false; may return a detail to print
   * @returns {Promise<boolean>} whether it holds
   */
  async check(claim, assertion) {
    try {
      const detail = await assertion();
      this.#passed++;
      console.log(`ok    ${claim}${detail === undefined ? '' : `: ${detail}`}`);
      return true;
    } catch (error) {
      this.#failed++;
      console.log(`FAIL  ${claim}: ${error instanceof Error ? error.message : error}`);
      return false;
    }
  }

  /**
   * @param {string} claim
   * @param {string} reason why the check cannot run here
   */
  skip(claim, reason) {
    this.#skipped++;
    console.log(`skip  ${claim}: ${reason}`);
  }

  finish() {
    const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`;
    console.log(`${this.#name}: ${this.#passed} passed, ${this.#failed} failed${skipped}`);
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

/**
 * Runs a command and returns its output.
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ stdout: string, stderr: string }>} rejects if the exit status is not 0, with the end of the output
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { cwd: root, maxBuffer: 2 ** 26, ...options }, (error, stdout, stderr) => {
      if (error === null) resolve({ stdout, stderr });
      else {
        const output = `${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n');
        reject(new Error(`${command} ${args.join(' ')} failed (${error.code ?? error.signal})\n${output}`));
      }
    });
  });
}

/** Installs the packages of the lock file if they are missing; npm then also builds the project. */
export async function installProject() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) await run('npm', ['ci']);
}

/**
 * Runs a task with a temporary folder.
 * @param {(folder: string) => Promise<void>} task
 */
export async function withTemporaryFolder(task) {
  const folder = await mkdtemp(join(tmpdir(), 'terrachip-check-'));
  try {
    await task(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
