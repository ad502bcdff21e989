// npm run check:package: the packed package works in JavaScript and TypeScript, with and without the optional packages,
// and has only permissive licences.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { cp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { checkConsumers } from './consumers.js';
import { Checklist, installProject, root, run, withTemporaryFolder } from './support.js';

const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const specifiers = Object.keys(manifest.exports)
  .filter((path) => !path.includes('*'))
  .map((path) => path.replace(/^\./, manifest.name));
/** Entry points that Node also gets under another name. */
const isForNode = (name) => name.endsWith('/node');
const consumerFiles = join(root, 'scripts', 'checks', 'consumer');

const PERMISSIVE = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'Python-2.0',
  'Unlicense',
  'Zlib',
]);

/**
 * Packages whose licence was read: h5wasm has a text (NIST's public-domain statement and the HDF5 library's BSD licence),
 * and splaytree-ts declares "BDS-3-Clause" for BSD-3-Clause.
 */
const READ_LICENCES = new Set(['node_modules/h5wasm', 'node_modules/splaytree-ts']);

/**
 * Compiler options of users, with skipLibCheck off by default. Without TypeScript's DOM library, the types
 * of onnxruntime-common 1.30 do not compile by themselves (env.d.ts, tensor.d.ts, tensor-conversion.d.ts and
 * tensor-factory.d.ts name WebGLRenderingContext, WebGLTexture, ImageData, ImageBitmap and HTMLImageElement): there
 * the entry points that import them are compiled with skipLibCheck on, all others with it off.
 */
const COMPILERS = [
  {
    name: 'NodeNext',
    files: ['root', 'geo', 'kernels', 'io', 'raster', 'vector', 'catalog', 'archives', 'inference', 'node'],
    options: { module: 'NodeNext', lib: ['ES2022', 'DOM'], types: ['node'] },
  },
  {
    name: 'NodeNext without the DOM library',
    files: ['geo', 'kernels', 'io', 'raster', 'vector', 'catalog', 'archives', 'node'],
    options: { module: 'NodeNext', lib: ['ES2022'], types: ['node'] },
  },
  {
    name: 'NodeNext without the DOM library, with skipLibCheck',
    files: ['root', 'inference'],
    options: { module: 'NodeNext', lib: ['ES2022'], types: ['node'], skipLibCheck: true },
  },
  {
    name: 'Bundler',
    files: ['root', 'geo', 'kernels', 'io', 'raster', 'vector', 'catalog', 'archives', 'inference'],
    options: { module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2022', 'DOM'], types: ['node'] },
  },
  {
    name: 'Bundler, for Node',
    files: ['root', 'geo', 'kernels', 'io', 'raster', 'vector', 'catalog', 'archives', 'inference', 'node'],
    options: {
      module: 'ESNext',
      moduleResolution: 'Bundler',
      customConditions: ['node'],
      lib: ['ES2022', 'DOM'],
      types: ['node'],
    },
  },
  {
    name: 'Bundler, for a browser',
    files: ['geo', 'kernels', 'io', 'vector', 'catalog', 'archives'],
    options: { module: 'ESNext', moduleResolution: 'Bundler', lib: ['ES2022', 'DOM'], types: [] },
  },
];

/** Packs a copy of the project, since npm first rebuilds dist/, which other checks may be reading. @returns the tarball */
async function pack(folder) {
  const copy = join(folder, 'project');
  const left = ['.git', 'dist', 'node_modules', 'site'].map((name) => join(root, name));
  await cp(root, copy, { recursive: true, filter: (path) => !left.includes(path) });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  await run('npm', ['pack', '--pack-destination', folder], { cwd: copy });
  return join(folder, `${manifest.name}-${manifest.version}.tgz`);
}

/**
 * Makes a user's project with terrachip from the tarball as its only dependency.
 * @param {string} folder an empty folder
 * @param {string} tarball the file that `npm pack` made
 * @param {string[]} options npm's
 */
async function install(folder, tarball, options) {
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await cp(tarball, join(folder, basename(tarball)));
  await cp(consumerFiles, folder, { recursive: true });
  return run('npm', ['install', `./${basename(tarball)}`, ...options], { cwd: folder });
}

const terrachip = (folder, ...args) =>
  run(join(folder, 'node_modules', '.bin', 'terrachip'), args, { cwd: folder });

/** @returns {Promise<import('terrachip').DoctorReport>} */
const doctor = async (folder) => JSON.parse((await terrachip(folder, 'doctor', '--json')).stdout);

async function checkLinks(list, installed) {
  await list.check('every relative link of the installed documents leads to an installed file', async () => {
    const pages = [
      'README.md',
      'CHANGELOG.md',
      ...(await readdir(join(installed, 'docs'), { recursive: true })),
    ]
      .filter((name) => name.endsWith('.md'))
      .map((name) => (/^[A-Z]+\.md$/.test(name) ? name : join('docs', name)));
    const links = await Promise.all(
      pages.map(async (page) => {
        const text = await readFile(join(installed, page), 'utf8');
        const targets = [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)];
        return targets.map(([, target]) => ({ page, path: join(installed, dirname(page), target) }));
      }),
    );
    const broken = links.flat().filter(({ path }) => !existsSync(path));
    assert.deepEqual(
      broken.map(({ page, path }) => `${page}: ${relative(installed, path)}`),
      [],
    );
    return `${links.flat().length} links`;
  });
}

async function checkImports(list, folder) {
  for (const specifier of specifiers) {
    await list.check(`importing ${specifier} leaves globalThis as it was`, async () => {
      const { stdout } = await run(process.execPath, ['globals.js', specifier], { cwd: folder });
      const { changed, names } = JSON.parse(stdout);
      assert.deepEqual(changed, [], `it changed ${changed.join(', ')}`);
      assert.ok(names.length > 0, 'it exports nothing');
      return `${names.length} exports`;
    });
  }
}

async function checkCommands(list, folder) {
  await list.check('terrachip --version', async () => {
    const { stdout } = await terrachip(folder, '--version');
    assert.equal(stdout.trim(), manifest.version);
    return stdout.trim();
  });
  await list.check('terrachip doctor --json', async () => {
    const report = await doctor(folder);
    assert.equal(report.schemaVersion, 1);
    assert.equal(report.terrachip, manifest.version);
    assert.ok(report.onnx.available, report.onnx.problem);
    assert.ok(report.onnx.providers.includes('cpu'), 'onnxruntime-node has no cpu provider');
    // An adapter needs a driver, which npm does not install; the package must be installed.
    assert.ok(report.webgpu.available || !/not installed/.test(report.webgpu.problem), report.webgpu.problem);
    return `onnx ${report.onnx.providers.join(', ')}; webgpu ${report.webgpu.adapter ?? 'without an adapter'}`;
  });
}

async function checkTypes(list, folder) {
  // Node's types are the only addition, since every Node project in TypeScript has them.
  await run('npm', ['install', `@types/node@${manifest.devDependencies['@types/node']}`], { cwd: folder });
  await list.check('the TypeScript consumer uses every entry point', async () => {
    const sources = (await readdir(folder)).filter((file) => file.endsWith('.ts'));
    const text = (await Promise.all(sources.map((file) => readFile(join(folder, file), 'utf8')))).join('');
    const unused = specifiers.filter(
      (name) => !name.endsWith('.json') && !isForNode(name) && !text.includes(`from '${name}'`),
    );
    assert.deepEqual(unused, []);
    const compiled = new Set(COMPILERS.flatMap(({ files }) => files.map((file) => `${file}.ts`)));
    assert.deepEqual([...compiled].sort(), sources.sort());
  });
  for (const { name, files, options } of COMPILERS) {
    await list.check(`TypeScript, strict, ${name}`, async () => {
      const compilerOptions = {
        strict: true,
        target: 'ES2022',
        noEmit: true,
        skipLibCheck: false,
        ...options,
      };
      const config = { compilerOptions, files: files.map((file) => `${file}.ts`) };
      await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
      const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
      await run(process.execPath, [compiler, '-p', 'tsconfig.json'], { cwd: folder });
      return files.join(', ');
    });
  }
}

async function checkWithoutOptional(list, folder) {
  await list.check(
    'without the optional packages, kernels warps on the CPU as worked out by hand',
    async () => {
      await run(process.execPath, ['warp.js'], { cwd: folder });
    },
  );
  await list.check('without the optional packages, doctor names them and what installs them', async () => {
    const { stdout } = await terrachip(folder, 'doctor');
    for (const name of Object.keys(manifest.optionalDependencies)) {
      const line = stdout.split('\n').find((text) => text.includes(name)) ?? '';
      assert.match(
        line,
        new RegExp(`${name}, which is not installed; run npm install (--ignore-scripts )?${name}`),
        stdout,
      );
    }
  });
  await list.check('the commands that doctor names install what is missing', async () => {
    const { onnx, webgpu } = await doctor(folder);
    for (const { remedy } of [onnx, webgpu]) {
      const [command, ...args] = remedy.replace(/^run /, '').split(' ');
      await run(command, args, { cwd: folder });
    }
    const after = await doctor(folder);
    assert.ok(after.onnx.available, after.onnx.problem);
    assert.ok(after.webgpu.available || !/not installed/.test(after.webgpu.problem), after.webgpu.problem);
  });
}

async function checkPublint(list, tarball) {
  const { publint } = await import('publint');
  const { formatMessage } = await import('publint/utils');
  await list.check('publint', async () => {
    const bytes = await readFile(tarball);
    const archive = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages, pkg } = await publint({ pack: { tarball: archive }, level: 'warning' });
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg, { color: false })),
      [],
    );
  });
}

/** Whether all licences of an SPDX expression are permissive. */
function isPermissive(expression) {
  const names = expression.match(/[^\s()]+/g) ?? [];
  return names.length > 0 && names.every((name) => PERMISSIVE.has(name) || name === 'AND' || name === 'OR');
}

async function checkLockFile(list) {
  const { packages } = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  const entries = Object.entries(packages).filter(([path]) => path !== '');
  await list.check('what users install has permissive licences', () => {
    const installed = entries.filter(([, { dev }]) => dev !== true);
    const wrong = installed.filter(
      ([path, { license }]) =>
        !READ_LICENCES.has(path) && (typeof license !== 'string' || !isPermissive(license)),
    );
    assert.deepEqual(
      wrong.map(([path, { license }]) => `${path}: ${license ?? 'none stated'}`),
      [],
    );
    return `${installed.length} packages`;
  });
  await list.check('the lock file carries no addresses', () => {
    assert.deepEqual(
      entries.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
      [],
    );
    return `${entries.length} packages`;
  });
}

await installProject();
const list = new Checklist('check:package');
await checkLockFile(list);
await withTemporaryFolder(async (packed) => {
  const tarball = await pack(packed);
  await checkPublint(list, tarball);
  await withTemporaryFolder(async (folder) => {
    const installs = async () => {
      // The line of the README: onnxruntime-node's install script would otherwise download CUDA libraries.
      const { stdout, stderr } = await install(folder, tarball, ['--ignore-scripts']);
      assert.doesNotMatch(`${stdout}\n${stderr}`, /npm warn/);
    };
    if (!(await list.check('npm install of the tarball into an empty folder, without a warning', installs)))
      return;
    await checkLinks(list, join(folder, 'node_modules', manifest.name));
    await checkImports(list, folder);
    await checkCommands(list, folder);
    await checkTypes(list, folder);
    // Next changes projects that contain TypeScript.
    for (const name of await readdir(folder)) if (/\.ts$|^tsconfig/.test(name)) await rm(join(folder, name));
    await checkConsumers(list, folder);
  });
  await withTemporaryFolder(async (folder) => {
    const installs = () => install(folder, tarball, ['--omit=optional']);
    if (!(await list.check('npm install --omit=optional into an empty folder', installs))) return;
    await checkWithoutOptional(list, folder);
  });
});
list.finish();
