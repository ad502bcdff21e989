// Faults of one or a few characters in every shader and CPU kernel, and where weights are read: each must fail a
// test. A fault that survives means that the tests do not see what they should.
//
//   npm run check:mutants [-- NAME]     only the faults of files whose path contains NAME
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** [file, what stands there, what a slip would make of it, tests that must notice] */
const KERNELS = 'test/kernels';
const CHECKPOINTS = 'test/inference/checkpoint.test.ts';
const HOSTILE = 'test/inference/checkpoint-hostile.test.ts';
const PHASES = 'test/inference/phase-encoder.test.ts';
const MUTANTS = [
  // warp: half-pixel shift, comparison, axes, missing NaN test, wrong cell.
  ['src/shaders/warp.wgsl', 'unit >> 1u', 'unit >> 2u', `${KERNELS}/warp.test.ts`],
  [
    'src/shaders/warp.wgsl',
    'pixel.x < parameters.source_width',
    'pixel.x <= parameters.source_width',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/shaders/warp.wgsl',
    'pixel.y * parameters.source_width + pixel.x',
    'pixel.x * parameters.source_width + pixel.y',
    `${KERNELS}/warp.test.ts`,
  ],
  ['src/shaders/warp.wgsl', 'if (is_missing(value)) { continue; }', '', `${KERNELS}/warp.test.ts`],
  ['src/shaders/warp.wgsl', 'if (!is_missing(centre)) {', 'if (true) {', `${KERNELS}/warp.test.ts`],
  [
    'src/shaders/warp.wgsl',
    'select(1.0 - w.y, w.y, j == 1i)',
    'select(w.y, 1.0 - w.y, j == 1i)',
    `${KERNELS}/warp.test.ts`,
  ],
  ['src/shaders/warp.wgsl', '& (position.part == vec2i(0))', '', `${KERNELS}/warp.test.ts`],
  ['src/shaders/warp.wgsl', 'return sum / weights;', 'return sum;', `${KERNELS}/warp.test.ts`],
  [
    'src/shaders/warp.wgsl',
    'local.y * parameters.output_stride',
    'local.y * parameters.tile_width',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/shaders/functions/control-grid.wgsl',
    'f.x * a + f.y * b',
    'f.x * b + f.y * a',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/shaders/functions/control-grid.wgsl',
    'f.x * f.y * c',
    'f.x * f.x * c',
    'test/kernels/control-grid.test.ts',
  ],
  [
    'src/shaders/functions/control-grid.wgsl',
    'cell.y << (8u - cell_log2)',
    'cell.y << (7u - cell_log2)',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/shaders/functions/control-grid.wgsl',
    'block.y * parameters.block_columns',
    'block.x * parameters.block_columns',
    `${KERNELS}/warp.test.ts`,
  ],
  ['src/shaders/functions/missing.wgsl', '> 0x7f800000u', '>= 0x7f800000u', `${KERNELS}/pixels.test.ts`],
  ['src/shaders/functions/missing.wgsl', '!= 0x7f800000u', '== 0x7f800000u', `${KERNELS}/pixels.test.ts`],
  ['src/shaders/functions/flat-index.wgsl', '65536u', '65535u', `${KERNELS}/pixels.test.ts`],
  ['src/kernels/cpu/warp.ts', '1 << (bits - 1)', '1 << (bits - 2)', `${KERNELS}/warp.test.ts`],
  ['src/kernels/cpu/warp.ts', 'x < lastX && y < lastY', 'x <= lastX && y < lastY', `${KERNELS}/warp.test.ts`],
  [
    'src/kernels/cpu/warp.ts',
    'Math.imul(y, width) + x) | 0;\n      const below',
    'Math.imul(x, width) + y) | 0;\n      const below',
    `${KERNELS}/warp.test.ts`,
  ],
  ['src/kernels/cpu/warp.ts', 'if (!Number.isNaN(value)) continue;', 'continue;', `${KERNELS}/warp.test.ts`],
  [
    'src/kernels/cpu/warp.ts',
    'if (Number.isNaN(value)) continue;\n      const weight',
    'const weight',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/kernels/cpu/warp.ts',
    '(j === 1 ? wy : 1 - wy)',
    '(j === 1 ? 1 - wy : wy)',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/kernels/cpu/warp.ts',
    'x === width && (qx & mask) === 0',
    'x === width && (qx & mask) !== 0',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/kernels/cpu/warp.ts',
    'Math.imul(fy, cells[cell + 8])',
    'Math.imul(fx, cells[cell + 8])',
    'test/kernels/control-grid.test.ts',
  ],
  ['src/kernels/cpu/warp.ts', 'fx = localX & (size - 1)', 'fx = localX & size', `${KERNELS}/warp.test.ts`],
  // nodata
  [
    'src/shaders/nodata.wgsl',
    'is_missing(value) || is_nodata(bits)',
    'is_nodata(bits)',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/shaders/nodata.wgsl',
    '8u * (index & 3u), 8u); }\n  if (stored_type == 1u)',
    '8u * (index & 1u), 8u); }\n  if (stored_type == 1u)',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/shaders/nodata.wgsl', 'difference << 22u', 'difference << 21u', `${KERNELS}/pixels.test.ts`],
  [
    'src/shaders/nodata.wgsl',
    'value * parameters.scale + parameters.offset',
    'value + parameters.offset * parameters.scale',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/shaders/nodata.wgsl',
    'stored_type == 3u || stored_type == 5u',
    'stored_type == 3u',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/kernels/cpu/nodata.ts',
    'difference << 22 < a + b',
    'difference << 21 < a + b',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/kernels/cpu/nodata.ts',
    'signed ? nodata_bits | 0 : nodata_bits >>> 0',
    'signed ? nodata_bits >>> 0 : nodata_bits | 0',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/kernels/cpu/nodata.ts', '(bits ^ nodata) < 0', '(bits ^ nodata) > 0', `${KERNELS}/pixels.test.ts`],
  // decibel
  ['src/shaders/decibel.wgsl', '3.0102999566398120', '3.0202999566398120', `${KERNELS}/pixels.test.ts`],
  ['src/shaders/decibel.wgsl', 'bits >= 0x00800000u &&', '', `${KERNELS}/pixels.test.ts`],
  [
    'src/shaders/decibel.wgsl',
    'if (!is_missing(value)) { values[index] = exp2',
    '{ values[index] = log2',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/kernels/cpu/decibel.ts', 'value >= SMALLEST_NORMAL', 'value > 0', `${KERNELS}/pixels.test.ts`],
  ['src/kernels/cpu/decibel.ts', 'value / 10)', 'value / 20)', `${KERNELS}/pixels.test.ts`],
  // valid mask
  ['src/shaders/valid-mask.wgsl', '1u << (8u * i)', '1u << (4u * i)', `${KERNELS}/pixels.test.ts`],
  ['src/shaders/valid-mask.wgsl', 'bits &= mask[word]', 'bits |= mask[word]', `${KERNELS}/pixels.test.ts`],
  ['src/kernels/cpu/valid-mask.ts', 'mask[i] & valid', 'mask[i] | valid', `${KERNELS}/pixels.test.ts`],
  [
    'src/kernels/cpu/valid-mask.ts',
    'Number.isFinite(plane[i])',
    '!Number.isNaN(plane[i])',
    `${KERNELS}/pixels.test.ts`,
  ],
  // chips
  ['src/shaders/chips.wgsl', 'period - 1 - folded', 'period - folded', `${KERNELS}/chips.test.ts`],
  [
    'src/shaders/chips.wgsl',
    'select(stored, parameters.replacement, is_missing(stored))',
    'stored',
    `${KERNELS}/chips.test.ts`,
  ],
  ['src/shaders/chips.wgsl', '- parameters.first_row', '+ parameters.first_row', `${KERNELS}/chips.test.ts`],
  [
    'src/shaders/chips.wgsl',
    'chip * parameters.channels + parameters.channel',
    'parameters.channel * parameters.channels + chip',
    `${KERNELS}/chips.test.ts`,
  ],
  [
    'src/shaders/chips.wgsl',
    '- parameters.mean) / parameters.deviation',
    '- parameters.mean) * parameters.deviation',
    `${KERNELS}/chips.test.ts`,
  ],
  ['src/kernels/cpu/chips.ts', 'period - 1 - folded', 'period - folded', `${KERNELS}/chips.test.ts`],
  [
    'src/kernels/cpu/chips.ts',
    'Number.isNaN(stored) ? replacement : stored',
    'stored',
    `${KERNELS}/chips.test.ts`,
  ],
  ['src/kernels/cpu/chips.ts', 'origins[2 * chip + 1]', 'origins[2 * chip]', `${KERNELS}/chips.test.ts`],
  // softmax
  [
    'src/shaders/softmax.wgsl',
    'largest = max(largest, value)',
    'largest = min(largest, value)',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/shaders/softmax.wgsl', 'finite = finite && is_finite(value);', '', `${KERNELS}/pixels.test.ts`],
  [
    'src/kernels/cpu/softmax.ts',
    'Math.max(largest, values[k])',
    'Math.min(largest, values[k])',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/kernels/cpu/softmax.ts', 'finite &&= ', 'finite ||= ', `${KERNELS}/pixels.test.ts`],
  // stitch
  [
    'src/shaders/stitch.wgsl',
    'select(0, 1, chip > 0)',
    'select(0, 1, chip >= 0)',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/shaders/stitch.wgsl', 'chip + 1 < count', 'chip < count', `${KERNELS}/stitch.test.ts`],
  [
    'src/shaders/stitch.wgsl',
    'if (slot < 0) { continue; }',
    'if (slot <= 0) { continue; }',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/shaders/stitch.wgsl', 'if (!is_finite(value)) { continue; }', '', `${KERNELS}/stitch.test.ts`],
  ['src/shaders/stitch.wgsl', 'sum += weight * value', 'sum += value', `${KERNELS}/stitch.test.ts`],
  ['src/shaders/stitch.wgsl', '* n + dy) * n + dx', '* n + dx) * n + dy', `${KERNELS}/stitch.test.ts`],
  ['src/shaders/stitch.wgsl', 'if (is_valid(x, row)) {', 'if (true) {', `${KERNELS}/stitch.test.ts`],
  ['src/shaders/stitch.wgsl', 'var value = missing();', 'var value = 0.0;', `${KERNELS}/stitch.test.ts`],
  ['src/kernels/cpu/stitch.ts', '(k > 0 ? 1 : 0)', '(k >= 0 ? 1 : 0)', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    'if (slot < 0) continue;',
    'if (slot <= 0) continue;',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/cpu/stitch.ts', 'if (!Number.isFinite(value)) continue;', '', `${KERNELS}/stitch.test.ts`],
  ['src/kernels/cpu/stitch.ts', 'mask[maskRow + x] !== 0 && ', '', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    'row - placement[chip_columns + j]',
    'row - placement[j]',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/cpu/stitch.ts', ': Number.NaN;', ': 0;', `${KERNELS}/stitch.test.ts`],
  // checkpoints: strides, types, limits and what may be built; phases: what is equal.
  ['src/inference/checkpoint/strided.ts', '.sort((a, b) => b.stored - a.stored)', '', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'from += inner.stored', 'from++', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'Math.ceil((pieceStart', 'Math.floor((pieceStart', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'halves[i] << 16', 'halves[i] << 15', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'elements > storage.length || ', '', HOSTILE],
  ['src/inference/checkpoint/strided.ts', 'last >= storage.length', 'last > storage.length', HOSTILE],
  ['src/inference/checkpoint/torch.ts', 'if (size !== length * BYTES', 'if (size < length * BYTES', HOSTILE],
  ['src/inference/checkpoint/torch.ts', 'if (entry.size > size) {', 'if (false) {', HOSTILE],
  ['src/inference/checkpoint/torch.ts', 'if (!entry.stored) {', 'if (false) {', HOSTILE],
  ['src/inference/checkpoint/pickle.ts', 'protocol > 5', 'protocol > 6', HOSTILE],
  ['src/inference/checkpoint/pickle.ts', 'this.#unsigned(4) * 2 ** 32 + low', 'low', HOSTILE],
  ['src/inference/checkpoint/safetensors.ts', 'from !== end || ', '', HOSTILE],
  [
    'src/inference/phase-encoder.ts',
    'return left.every((word, k) => word === right[k]);',
    'return true;',
    PHASES,
  ],
  ['src/inference/phase-encoder.ts', '(band * steps + phase) * plane', '(band + phase) * plane', PHASES],
  ['src/inference/phase-encoder.ts', 'equal.place * length,', '0,', PHASES],
  ['src/inference/phase-encoder.ts', 'place < chips * phases', 'place < batch * phases', PHASES],
];

const filter = process.argv[2] ?? '';
const chosen = MUTANTS.filter(([file]) => file.includes(filter));
if (process.getuid?.() === 0) {
  execFileSync('bash', ['scripts/checks/install-lavapipe.sh'], { stdio: ['ignore', 'ignore', 'inherit'] });
}

// The faults go into a copy: the working tree is never touched.
const copy = mkdtempSync(join(tmpdir(), 'terrachip-mutants-'));
process.on('exit', () => rmSync(copy, { recursive: true, force: true }));
for (const name of [
  'src',
  'test',
  'scripts',
  'models',
  'package.json',
  'tsconfig.json',
  'vitest.config.ts',
]) {
  cpSync(name, join(copy, name), { recursive: true });
}
symlinkSync(resolve('node_modules'), join(copy, 'node_modules'));

/** A fault that makes a loop endless is noticed too: by the clock. */
const LIMIT_MS = 120_000;

/** Runs tests in the copy; `ok` when all pass. */
async function passes(tests) {
  const run = spawn(
    process.execPath,
    [resolve('node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', ...tests],
    {
      cwd: copy,
      env: { ...process.env, TERRACHIP_REQUIRE_WEBGPU: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, so that the workers can be ended with their parent.
      detached: true,
    },
  );
  let output = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (text) => (output += text));
  const timer = setTimeout(() => process.kill(-run.pid, 'SIGKILL'), LIMIT_MS);
  const [status] = await once(run, 'close');
  clearTimeout(timer);
  return { ok: status === 0, output };
}

const tests = [...new Set(chosen.map(([, , , test]) => test))];
const sound = await passes(tests);
if (!sound.ok) {
  process.stderr.write(`${sound.output}\ncheck:mutants: the tests fail without any fault\n`);
  process.exit(1);
}
let survived = 0;
for (const [file, from, to, test] of chosen) {
  const path = join(copy, file);
  const original = readFileSync(path, 'utf8');
  if (!original.includes(from)) {
    survived++;
    console.log(`GONE      ${file}: "${from}" is not there any more: bring the list up to date`);
    continue;
  }
  writeFileSync(path, original.replace(from, to));
  const caught = !(await passes([test])).ok;
  writeFileSync(path, original);
  if (!caught) survived++;
  console.log(
    `${caught ? 'caught   ' : 'SURVIVED '} ${file}: ${from.split('\n')[0]} → ${to.split('\n')[0] || 'nothing'}`,
  );
}
console.log(`check:mutants: ${chosen.length - survived} of ${chosen.length} faults caught`);
process.exitCode = survived === 0 ? 0 : 1;
