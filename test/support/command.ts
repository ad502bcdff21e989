/** Runs the built command. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

export const PROGRAM = resolve('bin/terrachip.js');

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the command in a folder, with fixed first arguments; status -1 means ended by a signal. */
export function commandIn(folder: string, ...first: string[]): (...args: string[]) => Promise<Outcome> {
  return (...args) =>
    new Promise((done) => {
      execFile(
        process.execPath,
        [PROGRAM, ...first, ...args],
        { cwd: folder, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => {
          const status = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
          done({ status, stdout, stderr });
        },
      );
    });
}
