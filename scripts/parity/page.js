// Writes docs/parity.md from the measurements.
import { BACKENDS } from './measure.js';

/** Reasons of different masks, tested at each pixel by scripts/checks/gdal/warp_bounds.py. */
const MASK_REASONS = {
  'box before the source': `GDAL 3.6.2 gives pixels whose footprint ends left of or above the source the source's first
   column or row; later versions do not, and in terrachip they are nodata. This explains all pixels that differ.`,
  "box beyond GDAL's margin": `GDAL gives nodata where a footprint extends more than 2 pixels beyond the source, a margin
   that follows from XSCALE = 1; terrachip sums the part that is inside. This explains all pixels that differ.`,
  'few pixels for lanczos': `GDAL's lanczos gives nodata where fewer than half of the 6 × 6 pixels of its kernel have data;
   terrachip uses the containing pixel, as for every resampling. This explains all pixels that differ.`,
  'mode of -1': `GDAL 3.6.2's mode of int16 uses −1 for "not found", so that pixels whose mode is −1 become nodata. This
   explains all pixels that differ.`,
};

/** The page's text for a difference without explanation; the command then fails. */
export const UNEXPLAINED = 'Not explained.';

/** Explanations of rows that exceed their bound. */
const EXPLANATIONS = [
  {
    cases: ['integer shift'],
    resamplings: ['cubicspline', 'rms'],
    why: `GDAL takes the nearest pixel for every resampling when the grids differ by whole pixels. The cubic B-spline
   smooths, and rms is never negative, so they differ from the nearest pixel. "Integer shift, computed" compares without
   that shortcut.`,
  },
  {
    cases: ['polar, to degrees'],
    resamplings: ['sum'],
    why: `GDAL distributes each source pixel over its quadrilateral in the destination. Across 180° the quadrilateral is as
   wide as the destination, and every pixel of those rows gets a little of the pixel's value, with or without
   data. terrachip cuts the destination pixel's quadrilateral in the source, which does not cross the seam.`,
  },
  {
    cases: ['polar'],
    resamplings: ['lanczos'],
    why: `Beside gaps, lanczos weights that sum to only a quarter are normalised to 1, including negative ones: values
   there change faster with the position than between pixels with data.`,
  },
  {
    cases: ['polar, to degrees'],
    resamplings: ['average', 'rms'],
    why: `One or two pixels whose footprint is a box of 10 × 0.03 source pixels, on the edge of two rows: an error of
   0.002 pixels is a tenth of its height.`,
  },
];

/**
 * @param gdal GDAL's version
 * @param adapters the adapter of each backend
 * @param real measured cases of real rasters
 * @param small measured small cases
 */
export function parityPage({ gdal, adapters, real, small }) {
  const notes = [];
  const tables = { real: table(real, notes), small: table(small, notes) };
  const explained = notes.map((note, i) => `${i + 1}. ${note}`).join('\n');
  return `# Comparison of warps with GDAL

\`npm run parity\` writes this page. It warps with terrachip on its backends (cpu: ${adapters.cpu}; webgpu:
${adapters.webgpu}) and with GDAL ${gdal}, and compares pixel by pixel.

GDAL runs as \`gdalwarp -et 0 -wo XSCALE=1 -wo YSCALE=1\`: exact positions, and its kernel at the source's scale. By
default GDAL interpolates positions to 0.125 pixels, and widens its kernel by a factor from the bounding boxes of each
chunk, even if source and destination have the same scale (a rotation of 4° suffices); terrachip does neither. Bands are
warped one at a time, so that each has its own mask: with several, GDAL uses one mask for all (\`UNIFIED_SRC_NODATA\`), and uses
a nodata value in one band as data where another band has data.

The columns are:

- **masks differ**: pixels with data in only one of the results. A pixel whose position is within 1e-3
  source pixels of an edge may differ; others must not.
- **rms**, **largest**: differences of values where both have data, divided by the range of the source's values.
- **of the bound**: the largest ratio, over all pixels, of the difference to its bound there. For weighted resamplings
  the bound is 1e-5 of the range + 0.002 pixels × the largest difference among the pixels that the kernel reads (2.5
  times that for lanczos, which is steeper); for average and rms the same for each edge of the pixel's footprint, for sum
  from the values on these edges. Positions are exact to 0.002 pixels (\`docs/architecture.md\`). Resamplings that select a pixel
  (nearest, mode, min, max, med, q1, q3) must be identical except within 1e-3 pixels of an edge ("n at edges").

## Real rasters

${list(real)}

${tables.real}

## Small cases

Synthetic rasters of about 1000 pixels with the same CRSs and patterns of nodata. They and GDAL's results are in
\`test/fixtures/parity\`; a test computes this table again on each backend and fails if the values differ.

${tables.small}
${explained === '' ? '' : `\n## Explanations of differences\n\n${explained}\n`}`;
}

function list(cases) {
  return cases
    .map(({ name, about, file }) => `- **${name}**: ${about} (\`${file.split('/').at(-1)}\`)`)
    .join('\n');
}

function table(cases, notes) {
  const pair = (title) => BACKENDS.map((backend) => `${title}, ${backend}`);
  const header = [
    ...['case', 'resampling', 'pixels', 'valid'],
    ...['masks differ', 'rms', 'largest', 'of the bound'].flatMap(pair),
  ];
  const lines = [header, header.map((_, i) => (i < 2 ? '---' : '--:'))];
  for (const { name, rows } of cases) {
    for (const row of rows) {
      const both = (format) => BACKENDS.map((backend) => format(row[backend]));
      lines.push([
        name,
        row.resampling,
        String(row.cpu.pixels),
        String(row.cpu.valid),
        ...both((m) => maskCell(m, notes, () => explanation(name, row))),
        ...both((m) => formatShare(m.rms)),
        ...both((m) => formatShare(m.largest)),
        ...both((m) => boundCell(m, notes, () => explanation(name, row))),
      ]);
    }
  }
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function maskCell({ maskDiffers, maskDiffersBeyond, known }, notes, explain) {
  const reasons = known.map((reason) => MASK_REASONS[reason]);
  if (maskDiffersBeyond > 0) return `**${maskDiffers}** ${numbers([...reasons, explain()], notes)}`;
  return reasons.length === 0 ? String(maskDiffers) : `${maskDiffers} ${numbers(reasons, notes)}`;
}

function boundCell({ used, beyond, differing }, notes, explain) {
  if (beyond > 0) return `**${beyond} beyond** ${numbers([explain()], notes)}`;
  if (used !== null) return `${(100 * used).toPrecision(2)} %`;
  return differing === 0 ? 'identical' : `${differing} at edges`;
}

/** The numbers of notes; new notes are added to the list. */
function numbers(texts, notes) {
  for (const text of texts) if (!notes.includes(text)) notes.push(text);
  return `(${texts.map((text) => notes.indexOf(text) + 1).join(', ')})`;
}

/** Two digits, which are the same on every machine. */
function formatShare(share) {
  return share === 0 ? '0' : share.toExponential(1);
}

function explanation(name, { resampling }) {
  const found = EXPLANATIONS.find(
    ({ cases, resamplings }) => cases.includes(name) && resamplings.includes(resampling),
  );
  return found?.why ?? UNEXPLAINED;
}
