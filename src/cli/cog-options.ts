/** The options of commands that compute a raster into a COG, and what they say of it. */
import type { Command } from 'commander';
import { COG_COMPRESSIONS } from '../raster/cog/options.js';
import { OVERVIEW_METHODS } from '../raster/cog/overview.js';
import type { CogReport } from '../workflow/index.js';
import { parseBackend, parseChoice, parseCount, parseDtype, parseNodata } from './arguments.js';

/** @param defaults what some options are where they are not given, in words */
export function addCogOptions(
  command: Command,
  defaults: { readonly dtype: string; readonly nodata: string; readonly overviews: string },
): Command {
  return command
    .option('--dtype <type>', `type of the result (default: ${defaults.dtype})`, parseDtype)
    .option(
      '--nodata <value>',
      `nodata of the result, or none: a mask says where gaps are (default: ${defaults.nodata})`,
      parseNodata,
    )
    .option('--backend <name>', 'auto, webgpu or cpu', parseBackend, 'auto' as const)
    .option('--threads <n>', 'worker threads of the CPU backend', parseCount('--threads', 0))
    .option(
      '--compress <name>',
      'deflate, zstd or none',
      parseChoice('--compress', COG_COMPRESSIONS),
      'deflate' as const,
    )
    .option(
      '--overviews <name>',
      `average, mode, nearest or none (default: ${defaults.overviews})`,
      parseChoice('--overviews', OVERVIEW_METHODS),
    )
    .option('--max-pixels <n>', 'refuse larger results (default 500000000)', parseCount('--max-pixels'));
}

/** The option of workflows by what `--nodata` got. */
export function nodataOption(given: number | 'none' | undefined): { nodata?: number | null } {
  if (given === undefined) return {};
  return { nodata: given === 'none' ? null : given };
}

/** What was written, in two lines. */
export function describeCog(report: CogReport): string {
  const { destination, width, height, crs, dtype, validPixels, backend } = report;
  const valid = validPixels.map((n) => `${((100 * n) / (width * height)).toFixed(1)} %`);
  return (
    `${destination}: ${width} × ${height} in ${crs}, ${dtype}, valid ${valid.join(', ')}\n` +
    `${backend.kind} on ${backend.adapter}${backend.threads > 0 ? `, ${backend.threads} threads` : ''}`
  );
}
