/** The built command, run as a user would. */
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

export const PROGRAM = resolve('bin/terrachip.js');

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs the command in a folder, its first arguments given; a status of -1 is an end by a signal. */
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
