// npm run check:formats: compares terrachip's reading of real GeoTIFFs with GDAL's. Each file is read in its own process
// with limits on memory and time, which are measured. Needs the folder of real data.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { MOST_MEMORY_MIB, readInChild } from './formats/child.js';
import { compare } from './formats/compare.js';
import { installProject, root } from './support.js';

/** Smallest share of the files readable by GDAL that must agree. */
const SHARE = 0.97;

const data = resolve(process.env.TERRACHIP_SHARED ?? join(root, '..', 'shared'), 'data');
const path = join(data, 'derived-reference', 'gdal_pixel_truth.json');
if (!existsSync(path)) {
  console.log(
    `check:formats: skipped, there is no ${path}; TERRACHIP_SHARED may name the folder that holds data/`,
  );
} else {
  await installProject();
  await checkAll();
}

async function checkAll() {
  // Python writes NaN and Infinity, which JSON lacks.
  const text = readFileSync(path, 'utf8').replace(/(?<=[[,:]\s*)-?(NaN|Infinity)\b/g, 'null');
  /** @type {Record<string, import('./formats/compare.js').Truth>} */
  const truth = JSON.parse(text);
  const counts = { agree: 0, close: 0, differ: 0, refusedByBoth: 0 };
  const lines = [];
  let peak = { mib: 0, name: '' };
  let slowest = { seconds: 0, name: '' };
  for (const [name, expected] of Object.entries(truth)) {
    const file = join(data, name);
    if (!existsSync(file)) continue;
    const found = await readInChild(file);
    const verdict = compare(expected, found);
    counts[verdict.kind]++;
    if (found.mib > peak.mib) peak = { mib: found.mib, name };
    if (found.seconds > slowest.seconds) slowest = { seconds: found.seconds, name };
    if (verdict.reasons.length > 0)
      lines.push(`${verdict.kind.padEnd(13)} ${name}: ${verdict.reasons.join('; ')}`);
  }
  const readable = counts.agree + counts.close + counts.differ;
  const share = (counts.agree + counts.close) / readable;
  console.log(lines.join('\n'));
  console.log(
    `check:formats: of ${readable} files that GDAL reads, ${counts.agree} agree exactly and ${counts.close} within 2 (lossy codecs): ${(100 * share).toFixed(1)} %; ${counts.refusedByBoth} are refused by both`,
  );
  console.log(
    `largest memory ${peak.mib} MiB (${peak.name}), longest time ${slowest.seconds.toFixed(1)} s (${slowest.name})`,
  );
  process.exitCode = share >= SHARE && peak.mib < MOST_MEMORY_MIB ? 0 : 1;
}
