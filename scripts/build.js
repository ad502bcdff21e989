// Builds dist/: TypeScript by tsc, and every .wgsl file as a module that exports its text, so that the
// published package needs no bundler and reads no files to find its shaders.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const require = createRequire(import.meta.url);

rmSync(join(root, 'dist'), { recursive: true, force: true });
execFileSync(process.execPath, [require.resolve('typescript/lib/tsc.js'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});

// The generator of the demonstration's event lies beside the library in the repository, and in dist/demo among it: code
// only, without types and maps.
const { ModuleKind, ScriptTarget, transpileModule } = require('typescript');
const demo = join(root, 'demo');
for (const file of readdirSync(demo, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.ts')) continue;
  const source = readFileSync(join(demo, file), 'utf8').replaceAll('../src/', '../');
  const compilerOptions = {
    target: ScriptTarget.ES2023,
    module: ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  const target = join(root, 'dist', 'demo', file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, transpileModule(source, { compilerOptions }).outputText);
}

const shaders = join(root, 'src', 'shaders');
for (const file of readdirSync(shaders, { recursive: true, encoding: 'utf8' })) {
  if (!file.endsWith('.wgsl')) continue;
  const target = join(root, 'dist', 'shaders', `${file}.js`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `export default ${JSON.stringify(readFileSync(join(shaders, file), 'utf8'))};\n`);
}
