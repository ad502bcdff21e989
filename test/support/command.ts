/** Runs the built command. */
import { execFile, type ForkOptions, fork } from 'node:child_process';
import { resolve } from 'node:path';
import { afterAll } from 'vitest';

export const PROGRAM = resolve('bin/terrachip.js');

export interface Outcome {
  status: number;
  stdout: string;
  stderr: string;
}

export type RunCommand = (...args: string[]) => Promise<Outcome>;

/** Runs the command in a folder, each time in a new process; status -1 means ended by a signal. */
export function commandIn(folder: string): RunCommand {
  return (...args) =>
    new Promise((done) => {
      execFile(
        process.execPath,
        [PROGRAM, ...args],
        { cwd: folder, maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => {
          const status = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
          done({ status, stdout, stderr });
        },
      );
    });
}

/** As `commandsIn`, but as if a package were not installed: Node's resolver does not find it. */
export function commandsWithout(name: string, folder: string): RunCommand {
  const hooks = `export async function resolve(specifier, context, next) {
    if (specifier !== ${JSON.stringify(name)}) return next(specifier, context);
    throw Object.assign(new Error('Cannot find package'), { code: 'ERR_MODULE_NOT_FOUND' });
  }`;
  const register = `import { register } from 'node:module'; register(${JSON.stringify(javascript(hooks))});`;
  return commandProcess({ cwd: folder, execArgv: ['--import', javascript(register)] });
}

function javascript(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

/** Runs the commands of a test file in a folder, all in one process, which saves starting Node for each. */
export function commandsIn(folder: string, ...first: string[]): RunCommand {
  return commandsWith({}, folder, ...first);
}

/** As `commandsIn`, with environment variables. */
export function commandsWith(
  variables: Readonly<Record<string, string>>,
  folder: string,
  ...first: string[]
): RunCommand {
  return commandProcess({ cwd: folder, env: { ...process.env, ...variables } }, ...first);
}

function commandProcess(options: ForkOptions, ...first: string[]): RunCommand {
  const child = fork(resolve('test/support/command-process.js'), options);
  afterAll(() => child.disconnect());
  const waiting = new Map<number, { done: (outcome: Outcome) => void; fail: (error: Error) => void }>();
  child.on('message', ({ id, ...outcome }: Outcome & { id: number }) => {
    waiting.get(id)?.done(outcome);
    waiting.delete(id);
  });
  child.on('exit', (code, signal) => {
    for (const { fail } of waiting.values())
      fail(new Error(`the process of the commands ended (${signal ?? code})`));
  });
  let count = 0;
  return (...args) =>
    new Promise((done, fail) => {
      const id = count++;
      waiting.set(id, { done, fail });
      child.send({ id, args: [...first, ...args] });
    });
}
