// Shared by the checks against other programs: running them, Debian packages, and a report of many comparisons.
import { spawn } from 'node:child_process';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './support.js';

export const here = join(root, 'scripts', 'checks');

/** Debian's Python, which sees Debian's packages. */
export const PYTHON = '/usr/bin/python3';

/** Runs a program. @returns its exit status and output, also if it fails */
export function attempt(command, args, { input = '', env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...process.env, ...env } });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status, signal) => resolve({ status: status ?? signal, stdout, stderr }));
    // A program that ends early closes the pipe; the exit status tells the reason.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
  });
}

/** Runs a program. @returns its output @throws with its error output if it fails */
export async function run(command, args, options) {
  const { status, stdout, stderr } = await attempt(command, args, options);
  if (status !== 0) {
    throw new Error(`${command} ${args.join(' ')}\nended with ${status}\n${stderr || stdout}`);
  }
  return stdout;
}

export const TERRACHIP = join(root, 'bin', 'terrachip.js');

/** Runs terrachip and returns its JSON document. */
export async function terrachip(...args) {
  return JSON.parse(await run(process.execPath, [TERRACHIP, ...args, '--json']));
}

/** The backends to check: the CPU, and WebGPU with an adapter, also a software one. */
export async function backendsHere(report) {
  const { webgpu } = await terrachip('doctor');
  if (webgpu.available) return ['cpu', 'webgpu'];
  report.skip('the WebGPU backend', 'there is no adapter (scripts/checks/install-lavapipe.sh installs one)');
  return ['cpu'];
}

/** Runs a Python helper with a JSON document as input. @returns the document that it prints */
export async function python(helper, request) {
  const document = await run(PYTHON, [join(here, helper)], { input: JSON.stringify(request) });
  return JSON.parse(document);
}

/** Installs missing Debian packages, one check at a time. */
export async function requirePackages(packages) {
  const missing = [];
  for (const name of packages) {
    const { stdout } = await attempt('dpkg', ['-s', name]);
    if (!/^Status: .* installed$/m.test(stdout)) missing.push(name);
  }
  if (missing.length === 0) return;
  console.log(`installing ${missing.join(', ')}`);
  const script = 'apt-get update && apt-get install -y --no-install-recommends "$@"';
  const lock = join(tmpdir(), 'terrachip-check-apt.lock');
  await run('flock', [lock, 'bash', '-c', script, 'bash', ...missing], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  });
}

/** Runs `work` on all items in parallel, one per core. @returns results in the order of the items */
export async function inParallel(items, work) {
  const results = new Array(items.length);
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const k = next++;
      results[k] = await work(items[k], k);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

/** Counts passed and failed checks; prints failures at once. */
export class Report {
  #name;
  #passed = 0;
  #failed = 0;
  #skipped = [];

  constructor(name) {
    this.#name = name;
  }

  /** @param detail printed on failure */
  check(claim, holds, detail = '') {
    if (holds) this.#passed++;
    else {
      this.#failed++;
      console.log(`FAILED ${claim}${detail === '' ? '' : `: ${detail}`}`);
    }
  }

  same(claim, actual, expected) {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)];
    this.check(claim, a === b, `${a} instead of ${b}`);
  }

  skip(claim, reason) {
    this.#skipped.push(claim);
    console.log(`skipped ${claim}: ${reason}`);
  }

  /** Prints the last line and sets the exit status. */
  end() {
    const skipped = this.#skipped.length === 0 ? '' : `, skipped: ${this.#skipped.join('; ')}`;
    console.log(`${this.#name}: ${this.#passed} checks hold, ${this.#failed} fail${skipped}`);
    process.exitCode = this.#failed === 0 && this.#passed > 0 ? 0 : 1;
  }
}

/** Prints rows in columns: text left-aligned, numbers right-aligned. */
export function printTable(header, rows) {
  const lines = [header, ...rows.map((row) => row.map(show))];
  const widths = header.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const numeric = header.map((_, i) => rows.every((row) => typeof row[i] === 'number' || row[i] === null));
  for (const line of lines) {
    console.log(
      line.map((text, i) => (numeric[i] ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join('  '),
    );
  }
}

function show(value) {
  if (value === null || value === undefined) return '-';
  if (typeof value !== 'number' || Number.isInteger(value)) return String(value);
  return Math.abs(value) < 1e-3 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
}
