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
  return runIn(folder, PROGRAM, ...first);
}

/** As `commandIn`, but as if a package were not installed: Node's resolver does not find it. */
export function commandWithout(name: string, folder: string): (...args: string[]) => Promise<Outcome> {
  const hooks = `export async function resolve(specifier, context, next) {
    if (specifier !== ${JSON.stringify(name)}) return next(specifier, context);
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  }`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(javascript(hooks))});`;
  return runIn(folder, '--import', javascript(register), PROGRAM);
}

function javascript(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Runs Node. */
function runIn(folder: string, ...first: string[]): (...args: string[]) => Promise<Outcome> {
  return (...args) =>
    new Promise((done) => {
      execFile(
        process.execPath,
        [...first, ...args],
        { cwd: folder, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => {
          const status = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
          done({ status, stdout, stderr });
        },
      );
    });
}
