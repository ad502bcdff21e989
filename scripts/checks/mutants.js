// npm run check:mutants: mutation testing. Faults of a few characters in every shader and CPU kernel, in readers of
// weights and in the catalog must each fail a test.
//
//   npm run check:mutants [-- NAME ...]     only the faults of files whose path contains one of the names
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { CATALOG_MUTANTS } from './mutants-catalog.js';

/** [file, original text, faulty text, test file that must fail] */
const KERNELS = 'test/kernels';
const R = `${KERNELS}/resamplings.test.ts`;
const GAPS = 'test/workflow/nodata.test.ts';
const AGGREGATION = `${KERNELS}/aggregation.test.ts`;
const CHECKPOINTS = 'test/inference/checkpoint.test.ts';
const HOSTILE = 'test/inference/checkpoint-hostile.test.ts';
const PHASES = 'test/inference/phases.test.ts';
const OVERVIEW = 'src/raster/cog/overview.ts';
const COG = 'test/raster/cog.test.ts';
const MUTANTS = [
  // Bounds: poles, longitudes beyond 180°, and positions off the globe.
  ['src/geo/bounds.ts', 'extent.wholeTurn = turn !== 0', 'extent.wholeTurn = false', 'test/geo/crs.test.ts'],
  [
    'src/geo/bounds.ts',
    'for (const latitude of [-90, 90])',
    'for (const latitude of [90])',
    'test/geo/crs.test.ts',
  ],
  ['src/geo/bounds.ts', 'x - turns * this.#turn, y }', 'x, y }', 'test/geo/crs.test.ts'],
  ['src/geo/domain.ts', 'Math.abs(y - v) <= tolerance', 'true', 'test/geo/crs.test.ts'],
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
  ['src/shaders/warp.wgsl', 'return sum / total;', 'return sum;', `${KERNELS}/warp.test.ts`],
  [
    'src/shaders/warp.wgsl',
    'local.y * parameters.output_stride',
    'local.y * parameters.tile_width',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/shaders/functions/control-grid.wgsl',
    'f.x * cell.a + f.y * cell.b',
    'f.x * cell.b + f.y * cell.a',
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
  [
    'src/kernels/cpu/warp.ts',
    'Math.max(x0, x1) < width - 1 &&',
    'Math.max(x0, x1) < width &&',
    `${KERNELS}/warp.test.ts`,
  ],
  [
    'src/kernels/cpu/warp.ts',
    'y >= 0 && x < width - 1 && y < height - 1)',
    'y >= 0 && x < width && y < height - 1)',
    `${KERNELS}/warp.test.ts`,
  ],
  ['src/kernels/cpu/warp.ts', 'x < lastX && y < lastY', 'x <= lastX && y < lastY', R],
  [
    'src/kernels/cpu/warp.ts',
    'Math.imul(y, width) + x) | 0;\n      const below',
    'Math.imul(x, width) + y) | 0;\n      const below',
    `${KERNELS}/warp.test.ts`,
  ],
  ['src/kernels/cpu/warp.ts', 'if (!Number.isNaN(value)) continue;', 'continue;', R],
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
  // the other resamplings
  ['src/shaders/warp.wgsl', '1.5 * t - 2.5', '1.5 * t - 2.0', R],
  ['src/shaders/warp.wgsl', 'sum += wy[j] * dot(wx, row)', 'sum += wx[j] * dot(wy, row)', R],
  ['src/shaders/warp.wgsl', '!inside(first) || !inside(first + 3)', '!inside(first)', R],
  ['src/shaders/warp.wgsl', 'if (is_missing(value)) { return bilinear(around); }', '', R],
  ['src/shaders/warp.wgsl', 'f32(i) - around.w.x) * steps.x', 'f32(i) - around.w.x) * steps.y', R],
  ['src/shaders/warp.wgsl', 'at - f32(index)', '0.0', R],
  [
    'src/shaders/functions/footprint.wgsl',
    '(xy & 3i) * cell.c',
    '(xy & 1i) * cell.c',
    'test/kernels/control-grid.test.ts',
  ],
  ['src/shaders/functions/footprint.wgsl', 'h.x * cell.a + h.y * cell.b', 'h.x * cell.b + h.y * cell.a', R],
  ['src/shaders/area.wgsl', '((low + near) >> bits)', '(low >> bits)', R],
  ['src/shaders/area.wgsl', '((near - high) >> bits)', '(-high >> bits)', R],
  ['src/shaders/area.wgsl', 'last = max(last, first + 1);', '', R],
  ['src/shaders/area.wgsl', '1.0 - vec2f(low', '0.5 - vec2f(low', R],
  ['src/shaders/area.wgsl', 'count_up_to(box, middle) > rank', 'count_up_to(box, middle) >= rank', R],
  ['src/shaders/area.wgsl', 'count == most && latest < earliest', 'count == most && latest > earliest', R],
  ['src/shaders/area.wgsl', 'left >= most', 'left > most + 2u', R],
  ['src/shaders/area.wgsl', '(count * quarters + 3u) / 4u', '(count * quarters + 4u) / 4u', R],
  ['src/shaders/area.wgsl', 'bits ^ ((bits >> 31u) & 0x7fffffff)', 'bits', R],
  ['src/shaders/area.wgsl', 'clamp(-low / rise, 0.0, 1.0)', '0.0', R],
  ['src/kernels/cpu/warp.ts', '1.5 * wx - 2.5', '1.5 * wx - 2.0', R],
  ['src/kernels/cpu/warp.ts', 'const lastX = width - 2', 'const lastX = width - 1', R],
  ['src/kernels/cpu/filters.ts', '(j - wy) * filter.stepsY', '(j - wy) * filter.stepsX', R],
  ['src/kernels/cpu/filters.ts', 'if (Number.isNaN(value)) continue;', '', R],
  ['src/kernels/cpu/source.ts', 'low - source_y - margin', 'low - source_y + margin', R],
  ['src/kernels/cpu/area.ts', '(lowX + near) >> bits', 'lowX >> bits', R],
  ['src/kernels/cpu/area.ts', 'Math.max(lastX, firstX + 1)', 'lastX', R],
  ['src/kernels/cpu/area.ts', 'if (n <= most) continue;', 'if (n < most) continue;', R],
  ['src/kernels/cpu/area.ts', '(count * quarters + 3) >> 2', '(count * quarters + 4) >> 2', R],
  ['src/kernels/cpu/area.ts', 'share < LEAST_SHARE', 'share < 0.5', R],
  ['src/kernels/filters.ts', '2 / 3 + d * d * (0.5 * d - 1)', '2 / 3 + d * d * (0.5 * d - 0.9)', R],
  // nodata
  [
    'src/shaders/functions/stored-values.wgsl',
    'if (is_missing(value)) { return missing(); }',
    '',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/shaders/functions/stored.wgsl',
    '8u * (index & 3u), 8u); }\n  if (stored_type == 1u)',
    '8u * (index & 1u), 8u); }\n  if (stored_type == 1u)',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/shaders/functions/stored-values.wgsl',
    'difference << 22u',
    'difference << 21u',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/shaders/functions/stored-values.wgsl',
    'value * parameters.scale + parameters.offset',
    'value + parameters.offset * parameters.scale',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/shaders/functions/stored-values.wgsl',
    'stored_type == 3u || stored_type == 5u',
    'stored_type == 3u',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/kernels/cpu/stored-values.ts',
    'difference << 22 < a + b',
    'difference << 21 < a + b',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/kernels/cpu/stored-values.ts',
    'signed ? nodata_bits | 0 : nodata_bits >>> 0',
    'signed ? nodata_bits >>> 0 : nodata_bits | 0',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/kernels/cpu/stored-values.ts',
    '(bits ^ nodata) < 0',
    '(bits ^ nodata) > 0',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/kernels/cpu/stored-values.ts',
    'exponent === 254 && step === 0',
    'false',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/shaders/functions/stored-values.wgsl',
    'exponent == 254u && step == 0i',
    'false',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/geo/dtype.ts', '2 ** -51', '2 ** -53', 'test/raster/pixels.test.ts'],
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
  ['src/kernels/cpu/decibel.ts', 'Math.LN10 / 10', 'Math.LN10 / 20', `${KERNELS}/pixels.test.ts`],
  ['src/kernels/cpu/powers.ts', 'r * (-1 / 4 + r', 'r * (1 / 4 + r', `${KERNELS}/powers.test.ts`],
  ['src/kernels/cpu/powers.ts', '? 1 : 1 / middle', '? 1 / middle : 1 / middle', `${KERNELS}/powers.test.ts`],
  ['src/kernels/cpu/powers.ts', 'r * (1 / 6', 'r * (1 / 7', `${KERNELS}/powers.test.ts`],
  ['src/kernels/cpu/powers.ts', 'if (x < LOWEST_POWER) return 0;', '', `${KERNELS}/powers.test.ts`],
  // valid mask
  ['src/shaders/valid-mask.wgsl', '1u << (8u * i)', '1u << (4u * i)', `${KERNELS}/pixels.test.ts`],
  ['src/shaders/valid-mask.wgsl', 'bits &= mask[word]', 'bits |= mask[word]', `${KERNELS}/pixels.test.ts`],
  [
    'src/shaders/valid-mask.wgsl',
    'k * parameters.count + index',
    'k + parameters.planes * index',
    `${KERNELS}/pixels.test.ts`,
  ],
  [
    'src/kernels/cpu/valid-mask.ts',
    'if (first === 1) mask',
    'if (first === 0) mask',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/kernels/cpu/valid-mask.ts', 'plane[first + i]', 'plane[i]', `${KERNELS}/pixels.test.ts`],
  [
    'src/kernels/cpu/valid-mask.ts',
    'value - value !== 0',
    'Number.isNaN(value)',
    `${KERNELS}/pixels.test.ts`,
  ],
  // rescale
  ['src/shaders/rescale.wgsl', '!is_finite(value) ||', 'is_missing(value) ||', `${KERNELS}/rescale.test.ts`],
  ['src/shaders/rescale.wgsl', 'zero_is_missing == 1u && ', '', `${KERNELS}/rescale.test.ts`],
  ['src/shaders/rescale.wgsl', 'parameters.first + flat_index', 'flat_index', `${KERNELS}/rescale.test.ts`],
  ['src/shaders/rescale.wgsl', 'max(scaled, parameters.low)', 'scaled', `${KERNELS}/rescale.test.ts`],
  ['src/kernels/cpu/rescale.ts', 'zero_is_missing === 1 && ', '', `${KERNELS}/rescale.test.ts`],
  ['src/kernels/cpu/rescale.ts', 'let i = first + start', 'let i = start', `${KERNELS}/rescale.test.ts`],
  ['src/kernels/cpu/rescale.ts', ', low), high)', ', low), low)', `${KERNELS}/rescale.test.ts`],
  // expression
  [
    'src/shaders/expression.wgsl',
    'exponent == vec4u(0x7f800000u)',
    'exponent == vec4u(0u)',
    `${KERNELS}/expression.test.ts`,
  ],
  [
    'src/shaders/expression.wgsl',
    'return bitcast<vec4u>(a - b)',
    'return bitcast<vec4u>(b - a)',
    `${KERNELS}/expression.test.ts`,
  ],
  [
    'src/shaders/expression.wgsl',
    'is_missing_bits(left) | is_missing_bits(right)',
    'is_missing_bits(left)',
    `${KERNELS}/expression.test.ts`,
  ],
  [
    'src/shaders/expression.wgsl',
    'right != zero, a / b',
    'left != zero, a / b',
    `${KERNELS}/expression.test.ts`,
  ],
  ['src/shaders/expression.wgsl', 'truth(a <= b)', 'truth(a < b)', `${KERNELS}/expression.test.ts`],
  [
    'src/shaders/expression.wgsl',
    '(left != zero) & (right',
    '(left != zero) | (right',
    `${KERNELS}/expression.test.ts`,
  ],
  [
    'src/shaders/expression.wgsl',
    'condition == vec4u(0u))',
    'condition != vec4u(0u))',
    `${KERNELS}/expression.test.ts`,
  ],
  [
    'src/shaders/expression.wgsl',
    'select(chosen, condition,',
    'select(chosen, chosen,',
    `${KERNELS}/expression.test.ts`,
  ],
  ['src/shaders/expression.wgsl', 'number * parameters.stride', 'number', `${KERNELS}/expression.test.ts`],
  [
    'src/shaders/expression.wgsl',
    'parameters.first + first + i',
    'first + i',
    `${KERNELS}/expression.test.ts`,
  ],
  ['src/shaders/expression.wgsl', 'k < argument; k++', 'k <= argument; k++', `${KERNELS}/expression.test.ts`],
  ['src/shaders/expression.wgsl', 'first + 2u, last', 'first + 1u, last', `${KERNELS}/expression.test.ts`],
  ['src/shaders/expression.wgsl', 'first + i < parameters.count', 'i < 3u', `${KERNELS}/expression.test.ts`],
  ['src/kernels/cpu/expression.ts', 'k * stride', 'k', `${KERNELS}/expression.test.ts`],
  ['src/kernels/cpu/expression.ts', 'to = first + from', 'to = from', `${KERNELS}/expression.test.ts`],
  [
    'src/kernels/cpu/expression.ts',
    'value === 0 ? other',
    'value !== 0 ? other',
    `${KERNELS}/expression.test.ts`,
  ],
  [
    'src/kernels/cpu/expression.ts',
    'return a - a + (b - b)',
    'return a - a',
    `${KERNELS}/expression.test.ts`,
  ],
  ['src/kernels/cpu/expression.ts', '/ b[i] + (b[i] - b[i])', '/ b[i]', `${KERNELS}/expression.test.ts`],
  [
    'src/kernels/cpu/expression.ts',
    'result[i] + (result[i] - result[i])',
    'result[i]',
    `${KERNELS}/expression.test.ts`,
  ],
  ['src/kernels/cpu/expression.ts', '1 + (value - value)', '1', `${KERNELS}/expression.test.ts`],
  [
    'src/kernels/expression/parse.ts',
    'infix.precedence + 1',
    'infix.precedence',
    `${KERNELS}/expression.test.ts`,
  ],
  [
    'src/kernels/expression/parse.ts',
    'this.#expression(NOT)',
    'this.#operand()',
    `${KERNELS}/expression.test.ts`,
  ],
  // mosaic
  [
    'src/shaders/mosaic.wgsl',
    'if (!is_finite(value)) { continue; }\n    valid++',
    'valid++',
    `${KERNELS}/mosaic.test.ts`,
  ],
  ['src/shaders/mosaic.wgsl', '(valid - 1u) / 2u', 'valid / 2u', `${KERNELS}/mosaic.test.ts`],
  ['src/shaders/mosaic.wgsl', 'if (below >= zeros)', 'if (below > zeros)', `${KERNELS}/mosaic.test.ts`],
  [
    'src/shaders/mosaic.wgsl',
    'not_above <= valid / 2u',
    'not_above < valid / 2u',
    `${KERNELS}/mosaic.test.ts`,
  ],
  [
    'src/shaders/mosaic.wgsl',
    'bits | 0x80000000u, ~bits',
    'bits | 0x80000000u, bits',
    `${KERNELS}/mosaic.test.ts`,
  ],
  ['src/shaders/mosaic.wgsl', 'parameters.first + index', 'index', `${KERNELS}/mosaic.test.ts`],
  ['src/kernels/cpu/mosaic.ts', '(valid - 1) >> 1', 'valid >> 1', `${KERNELS}/mosaic.test.ts`],
  ['src/kernels/cpu/mosaic.ts', 'place > 0 && sorted', 'place > 1 && sorted', `${KERNELS}/mosaic.test.ts`],
  [
    'src/kernels/cpu/mosaic.ts',
    'sorted.subarray(0, valid).sort()',
    'sorted.sort()',
    `${KERNELS}/mosaic.test.ts`,
  ],
  ['src/kernels/cpu/mosaic.ts', 'counts[i] === 0 ? Number.NaN : value', 'value', `${KERNELS}/mosaic.test.ts`],
  ['src/kernels/stack.ts', 'k * stride, part', 'k * part, part', `${KERNELS}/mosaic.test.ts`],
  ['src/shaders/mosaic.wgsl', 'rank == valid / 2u', 'rank == (valid + 1u) / 2u', `${KERNELS}/mosaic.test.ts`],
  ['src/shaders/mosaic.wgsl', '&& other < k', '', `${KERNELS}/mosaic.test.ts`],
  // masks
  ['src/shaders/field-mask.wgsl', 'number & 31u', 'number & 15u', `${KERNELS}/masks.test.ts`],
  ['src/shaders/field-mask.wgsl', 'if (number > 255u) { return false; }', '', `${KERNELS}/masks.test.ts`],
  ['src/shaders/field-mask.wgsl', '|| value != floor(value)', '', `${KERNELS}/masks.test.ts`],
  ['src/kernels/cpu/field-mask.ts', 'value >>> first_bit', 'value >>> 0', `${KERNELS}/masks.test.ts`],
  ['src/kernels/cpu/field-mask.ts', ' && Number.isInteger(value)', '', `${KERNELS}/masks.test.ts`],
  ['src/shaders/mask-values.wgsl', 'index % parameters.pixels', 'index', `${KERNELS}/masks.test.ts`],
  [
    'src/shaders/mask-values.wgsl',
    'is_set == (where_set',
    'is_set != (where_set',
    `${KERNELS}/masks.test.ts`,
  ],
  ['src/kernels/cpu/mask-values.ts', 'start % pixels', '0', `${KERNELS}/pieces.test.ts`],
  ['src/shaders/row-distance.wgsl', 'column >= d', 'column > d', `${KERNELS}/masks.test.ts`],
  [
    'src/shaders/row-distance.wgsl',
    'column + d < parameters',
    'column + d <= parameters',
    `${KERNELS}/masks.test.ts`,
  ],
  ['src/kernels/cpu/row-distance.ts', 'distance = far;', '', `${KERNELS}/masks.test.ts`],
  ['src/shaders/dilate.wgsl', 'dx * dx + dy * dy', 'dx * dx', `${KERNELS}/masks.test.ts`],
  ['src/shaders/dilate.wgsl', 'square == 1u', 'square == 0u', `${KERNELS}/masks.test.ts`],
  [
    'src/shaders/dilate.wgsl',
    'parameters.height - 1i - row',
    'parameters.height - row',
    `${KERNELS}/masks.test.ts`,
  ],
  ['src/kernels/cpu/dilate.ts', 'mask.fill(0', 'mask.fill(1', `${KERNELS}/masks.test.ts`],
  ['src/kernels/cpu/dilate.ts', 'other - row', 'other', `${KERNELS}/masks.test.ts`],
  [
    'src/kernels/dilate.ts',
    'Math.floor(radius * radius)',
    'Math.floor(radius) ** 2',
    `${KERNELS}/masks.test.ts`,
  ],
  // percentiles
  [
    'src/shaders/value-range.wgsl',
    'if (!is_finite(value)) { continue; }',
    '',
    `${KERNELS}/percentiles.test.ts`,
  ],
  [
    'src/shaders/value-range.wgsl',
    'index += parameters.lanes',
    'index += parameters.count',
    `${KERNELS}/percentiles.test.ts`,
  ],
  ['src/kernels/cpu/value-range.ts', '(lane + 1) * count', 'lane * count', `${KERNELS}/percentiles.test.ts`],
  [
    'src/shaders/histogram.wgsl',
    'value > parameters.high',
    'value > parameters.low',
    `${KERNELS}/percentiles.test.ts`,
  ],
  ['src/shaders/histogram.wgsl', '- 0.5 * parameters.low', '', `${KERNELS}/percentiles.test.ts`],
  ['src/kernels/cpu/histogram.ts', '- 0.5 * low', '', `${KERNELS}/percentiles.test.ts`],
  ['src/kernels/percentiles.ts', 'end > rank', 'end >= rank', `${KERNELS}/percentiles.test.ts`],
  ['src/kernels/percentiles.ts', '- before + 0.5', '- before + 1.5', `${KERNELS}/percentiles.test.ts`],
  [
    'src/kernels/percentiles.ts',
    'Math.max(...used) + 1',
    'Math.max(...used) - 1',
    `${KERNELS}/percentiles.test.ts`,
  ],
  // chips
  ['src/shaders/chips.wgsl', 'period - 1 - folded', 'period - folded', `${KERNELS}/chips.test.ts`],
  [
    'src/shaders/chips.wgsl',
    'select(parameters.replacement, stored, is_finite(stored))',
    'stored',
    `${KERNELS}/chips.test.ts`,
  ],
  [
    'src/shaders/chips.wgsl',
    'select(parameters.replacement, stored, is_finite(stored))',
    'select(stored, parameters.replacement, is_missing(stored))',
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
    'Number.isFinite(stored) ? stored : replacement',
    'stored',
    `${KERNELS}/chips.test.ts`,
  ],
  [
    'src/kernels/cpu/chips.ts',
    'Number.isFinite(stored) ? stored : replacement',
    'Number.isNaN(stored) ? replacement : stored',
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
  ['src/kernels/cpu/softmax.ts', 'Math.max(largest[i]', 'Math.min(largest[i]', `${KERNELS}/pixels.test.ts`],
  [
    'src/kernels/cpu/softmax.ts',
    'value - value === 0 ? value : Number.NaN',
    'value',
    `${KERNELS}/pixels.test.ts`,
  ],
  ['src/kernels/cpu/softmax.ts', 'Math.min(end, (item + 1) * pixels)', 'end', `${KERNELS}/pixels.test.ts`],
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
  ['src/shaders/stitch.wgsl', 'if (count == 0u) { shift = value; }', '', AGGREGATION],
  ['src/shaders/stitch.wgsl', '/ f32(count - 1u)', '/ f32(count)', AGGREGATION],
  ['src/kernels/cpu/stitch.ts', 'differences ** 2 / count', 'differences ** 2', AGGREGATION],
  ['src/kernels/cpu/stitch.ts', 'count < 2 ? Number.NaN', 'count < 3 ? Number.NaN', AGGREGATION],
  ['src/kernels/cpu/stitch.ts', '(k > 0 ? 1 : 0)', '(k >= 0 ? 1 : 0)', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    'if (slot < 0) continue;',
    'if (slot <= 0) continue;',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/cpu/stitch.ts', 'if (!Number.isFinite(value)) continue;', '', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    'if (mask[maskRow + x] === 0) output[to + x] = Number.NaN;\n          else if',
    'if',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/cpu/stitch.ts', 'complete && !hasGaps', 'complete', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    'row - placement[chip_columns + j]',
    'row - placement[j]',
    `${KERNELS}/stitch.test.ts`,
  ],
  [
    'src/kernels/cpu/stitch.ts',
    'output.fill(Number.NaN, to + x0, to + x1)',
    'output.fill(0, to + x0, to + x1)',
    `${KERNELS}/stitch.test.ts`,
  ],
  [
    'src/kernels/cpu/stitch.ts',
    '(slot * classes * n - top) * n - placement[i]',
    '(slot * classes * n + top) * n - placement[i]',
    `${KERNELS}/stitch.test.ts`,
  ],
  [
    'src/kernels/cpu/stitch.ts',
    'weight / (weight + weights[columns[1] + x0 + k])',
    'weight',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/cpu/stitch.ts', 'chips !== across * down', 'false', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    '? blendAcross : blendDown',
    '? blendDown : blendAcross',
    `${KERNELS}/stitch.test.ts`,
  ],
  [
    'src/kernels/cpu/stitch.ts',
    'upper * predictions[above + x + 1] + lower * predictions[below + x + 1]',
    'upper * predictions[above + x + 1] + lower * predictions[below + x]',
    `${KERNELS}/stitch.test.ts`,
  ],
  [
    'src/kernels/cpu/stitch.ts',
    '(1 - share[k + 1]) * predictions[right + k + 1]',
    '(1 - share[k]) * predictions[right + k + 1]',
    `${KERNELS}/stitch.test.ts`,
  ],
  [
    'src/kernels/cpu/stitch.ts',
    'rows[0], rows[2], row',
    'rows[0], rows[0], row',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/cpu/stitch.ts', 'total[k] += weight;', 'total[k] += 1;', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    'else if (value - value !== 0) output[to + x] = reduce',
    'else if (false) output[to + x] = reduce',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/cpu/stitch.ts', 'value < chosen', 'value > chosen', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/cpu/stitch.ts',
    'reduction === WEIGHTS || reduction === COUNTS ? 0 : Number.NaN',
    'Number.NaN',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/blend-windows.ts', '(i + 0.5)) / size', 'i) / size', `${KERNELS}/stitch.test.ts`],
  [
    'src/kernels/blend-windows.ts',
    'windows[3 * size + i] = Math.max(LEAST_WEIGHT, before * after)',
    'windows[3 * size + i] = Math.max(LEAST_WEIGHT, before)',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/kernels/blend-windows.ts', 'Math.max(LEAST_WEIGHT, after)', 'after', `${KERNELS}/stitch.test.ts`],
  [
    'src/shaders/stitch.wgsl',
    'reduction == 2u && value > chosen',
    'reduction == 2u && value < chosen',
    `${KERNELS}/stitch.test.ts`,
  ],
  ['src/shaders/stitch.wgsl', '|| reduction == 5u', '', `${KERNELS}/stitch.test.ts`],
  [
    'src/shaders/stitch.wgsl',
    'if (reduction == 7u) {',
    'if (reduction == 8u) {',
    `${KERNELS}/stitch.test.ts`,
  ],
  [
    'src/shaders/votes.wgsl',
    'c == 0i || value > largest',
    'c == 0i || value >= largest',
    `${KERNELS}/vote.test.ts`,
  ],
  ['src/shaders/votes.wgsl', 'if (!is_finite(value)) { return -1i; }', '', `${KERNELS}/vote.test.ts`],
  ['src/shaders/votes.wgsl', 'if (is_valid(x, row)) {', 'if (true) {', `${KERNELS}/vote.test.ts`],
  ['src/shaders/votes.wgsl', 'if (votes > 0) { return; }', 'return;', `${KERNELS}/vote.test.ts`],
  ['src/shaders/argmax.wgsl', 'score > largest', 'score >= largest', `${KERNELS}/vote.test.ts`],
  [
    'src/shaders/argmax.wgsl',
    'if (!is_finite(score)) { return parameters.nodata; }',
    '',
    `${KERNELS}/vote.test.ts`,
  ],
  ['src/kernels/cpu/votes.ts', 'if (!Number.isFinite(value)) return -1;', '', `${KERNELS}/vote.test.ts`],
  ['src/kernels/cpu/votes.ts', 'if (votes[x] > 0) continue;', 'continue;', `${KERNELS}/vote.test.ts`],
  ['src/kernels/cpu/votes.ts', 'if (mask[maskRow + x] === 0) continue;', '', `${KERNELS}/vote.test.ts`],
  [
    'src/kernels/cpu/argmax.ts',
    'score > scores[best * count + i]',
    'score >= scores[best * count + i]',
    `${KERNELS}/vote.test.ts`,
  ],
  // checkpoints: strides, types, limits and allowed objects; phases: equality.
  ['src/inference/checkpoint/strided.ts', '.sort((a, b) => b.stored - a.stored)', '', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'from += inner.stored', 'from++', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'Math.ceil((pieceStart', 'Math.floor((pieceStart', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'halves[i] << 16', 'halves[i] << 15', CHECKPOINTS],
  ['src/inference/checkpoint/strided.ts', 'elements > storage.length || ', '', HOSTILE],
  ['src/inference/checkpoint/strided.ts', 'last >= storage.length', 'last > storage.length', HOSTILE],
  [
    'src/inference/checkpoint/torch.ts',
    'if (size !== length * CHECKPOINT',
    'if (size < length * CHECKPOINT',
    HOSTILE,
  ],
  ['src/inference/checkpoint/torch.ts', 'if (entry.size > size) {', 'if (false) {', HOSTILE],
  ['src/inference/checkpoint/torch.ts', 'if (!entry.stored) {', 'if (false) {', HOSTILE],
  ['src/inference/checkpoint/pickle.ts', 'protocol > 5', 'protocol > 6', HOSTILE],
  ['src/inference/checkpoint/pickle.ts', 'this.#unsigned(4) * 2 ** 32 + low', 'low', HOSTILE],
  ['src/inference/checkpoint/safetensors.ts', 'from !== end || ', '', HOSTILE],
  ['src/kernels/cpu/equal-phases.ts', 'words[first + k] === words[second + k]', 'true', PHASES],
  ['src/inference/phases.ts', '* steps + step)', '* steps)', PHASES],
  ['src/inference/phases.ts', 'source * length, copy', '0, copy', PHASES],
  ['src/inference/phases.ts', 'index < chips * phases', 'index < size * phases', PHASES],
  // overviews: cells by the exact ratio of sizes, their validity, and source rows
  [
    OVERVIEW,
    'const [low, high] = [k * size, (k + 1) * size];',
    'const [low, high] = [2 * k * reduced, 2 * (k + 1) * reduced];',
    COG,
  ],
  [OVERVIEW, '- Math.max(low, (pixel + c) * reduced)', '- (pixel + c) * reduced', COG],
  [OVERVIEW, 'total += weight;', 'total += 1;', COG],
  [
    OVERVIEW,
    'Number.isNaN(value) || (mask !== null && mask[pixel + c] === 0)) continue;\n          const',
    'Number.isNaN(value)) continue;\n          const',
    COG,
  ],
  [OVERVIEW, 'covered[k] += rowWeights[row] * weights[MOST * x + c];', 'covered[k] += 1;', COG],
  [OVERVIEW, 'found[k] < found[best]', 'found[k] > found[best]', COG],
  [OVERVIEW, '((2 * cell + 1) * size - 1)', '(2 * cell * size)', COG],
  [OVERVIEW, 'mean === nodata ? beside : mean', 'mean', COG],
  [OVERVIEW, 'if (a === nodata || b === nodata || c === nodata) sum = Number.NaN;', '', COG],
  ['src/raster/node/cog-level.ts', 'isFull ? this.#next : null', 'this.#next', COG],
  ['src/raster/node/cog-level.ts', 'next !== null; next = next.#next', 'next !== null; next = null', COG],
  ['src/raster/node/cog-level.ts', 'Math.min(ROWS_ACROSS, count)', '1', COG],
  ['src/raster/node/cog-level.ts', 'this.#start + place', 'place', COG],
  [
    'src/raster/cog/tile.ts',
    'if (columns < tileSize || rows < tileSize) repeat(strip.padding, bytes);',
    '',
    COG,
  ],
  // nodata values, masks and alpha bands: collisions, different gaps, hidden pixels; infinities of weight 0.
  [
    'src/raster/stored-values.ts',
    'else if (resampled || result !== value)',
    'else if (resampled)',
    'test/workflow/files.test.ts',
  ],
  ['src/raster/stored-values.ts', 'words[0] -= 16;', 'words[0] -= 1;', 'test/workflow/files.test.ts'],
  ['src/raster/stored-values.ts', 'lastIndexOf(0)', 'lastIndexOf(1)', 'test/workflow/files.test.ts'],
  ['src/raster/warp-source.ts', "isAlpha && transparency !== 'gaps'", 'isAlpha', GAPS],
  ['src/raster/warp-source.ts', 'isAlpha ? null : band.nodata', 'band.nodata', GAPS],
  ['src/workflow/stream-rows.ts', 'if (!isFloat(dtype)) this.gapsDiffer = true;', '', GAPS],
  ['src/workflow/stream-rows.ts', 'band === this.target.alpha ? null : nodata', 'nodata', GAPS],
  ['src/workflow/warp.ts', 'shared && canHold(dtype, nodata)', 'shared', GAPS],
  ['src/workflow/polygonize.ts', 'valid[0]), valid[0]', 'valid[0])', GAPS],
  ['src/workflow/polygonize.ts', 'valid[i] === 1 && ', '', 'test/workflow/vectors.test.ts'],
  ['src/raster/node/cog-writer.ts', 'this.#hasGaps ||= mask?.includes(0) === true;', '', GAPS],
  [
    'src/raster/cog/planes.ts',
    "alpha === null || method === 'nearest' ? null : opaqueOf(bands[alpha])",
    'null',
    GAPS,
  ],
  ['src/raster/pixels.ts', 'mask === null || mask[i] !== 0 ? 1 : 0', '1', 'test/raster/pixels.test.ts'],
  [
    'src/raster/geotiff/reader.ts',
    '((x + 0.5) * this.width)',
    '((x + 1) * this.width)',
    'test/raster/pixels.test.ts',
  ],
  [
    'src/kernels/cpu/stored-values.ts',
    'bits[at] === word || nearlyEqual(bits[at], word)',
    'bits[at] === word',
    'test/raster/pixels.test.ts',
  ],
  ['src/catalog/loaders/raster.ts', 'gaps[place + i] = 1;', '', 'test/catalog/load-raster.test.ts'],
  ['src/shaders/warp.wgsl', 'if (weight == 0.0) { continue; }', '', R],
  ['src/shaders/warp.wgsl', 'if (wx[i] != 0.0 && wy[j] != 0.0) { row[i] = value; }', 'row[i] = value;', R],
  ['src/kernels/cpu/warp.ts', 'if (weight !== 0) sum += weight * value;', 'sum += weight * value;', R],
  ['src/kernels/cpu/filters.ts', 'if (weight === 0) continue;', '', R],
  ...CATALOG_MUTANTS,
];

const names = process.argv.slice(2);
const chosen = MUTANTS.filter(([file]) => names.length === 0 || names.some((name) => file.includes(name)));
if (chosen.length === 0) {
  process.stderr.write(`check:mutants: no file with a fault has ${names.join(' or ')} in its path\n`);
  process.exit(2);
}
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

/** A timeout catches endless loops. It follows from the time without faults, since the machine may be busy. */
let limitMs = 1_200_000;
const LEAST_LIMIT_MS = 120_000;

/** Runs tests in the copy; `ok` when all pass. */
async function passes(tests) {
  const run = spawn(
    process.execPath,
    [resolve('node_modules/vitest/vitest.mjs'), 'run', '--bail', '1', ...tests],
    {
      cwd: copy,
      env: { ...process.env, TERRACHIP_REQUIRE_WEBGPU: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      // Its own process group, to end the workers with their parent.
      detached: true,
    },
  );
  let output = '';
  for (const stream of [run.stdout, run.stderr]) stream.on('data', (text) => (output += text));
  const timer = setTimeout(() => process.kill(-run.pid, 'SIGKILL'), limitMs);
  const [status] = await once(run, 'close');
  clearTimeout(timer);
  return { ok: status === 0, output };
}

const tests = [...new Set(chosen.map(([, , , test]) => test))];
const started = performance.now();
const sound = await passes(tests);
limitMs = Math.max(LEAST_LIMIT_MS, 2 * (performance.now() - started));
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
    console.log(`GONE      ${file}: "${from}" is not in the file any more: update the list`);
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
