// Builds dist/: TypeScript by tsc, and every .wgsl and .json file as a module that exports its text, so that the
// published package needs no bundler and reads no files to find its shaders and tables.
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

const source = join(root, 'src');
for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' })) {
  if (!/\.(wgsl|json)$/.test(file)) continue;
  const target = join(root, 'dist', `${file}.js`);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, `export default ${JSON.stringify(readFileSync(join(source, file), 'utf8'))};\n`);
}
