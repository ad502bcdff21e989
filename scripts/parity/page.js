// Writes docs/parity.md from the measurements.
import { BACKENDS } from './measure.js';

/** Reasons of different masks, tested at each pixel by scripts/checks/gdal/warp_bounds.py. */
const MASK_REASONS = {
  'box before the source': `GDAL 3.6.2 gives pixels whose footprint ends left of or above the source the source's first
   column or row; later versions do not, and terrachip gives them no data. All pixels that differ are such.`,
  "box beyond GDAL's margin": `GDAL gives no data where a footprint reaches more than 2 pixels beyond the source, a margin
   that follows from XSCALE = 1; terrachip sums up the part that lies inside. All pixels that differ are such.`,
  'few pixels for lanczos': `GDAL's lanczos gives no data where fewer than half of the 6 × 6 pixels in its reach have data;
   terrachip keeps to the containing pixel, as for every resampling. All pixels that differ are such.`,
  'mode of -1': `GDAL 3.6.2's mode of int16 takes −1 for "nothing found", so that pixels whose mode is −1 get no data. All
   pixels that differ are such.`,
};

/** The page's text for a difference without explanation; the command then fails. */
export const UNEXPLAINED = 'Not explained.';

/** Explanations of rows that exceed their bound. */
const EXPLANATIONS = [
  {
    cases: ['integer shift'],
    resamplings: ['cubicspline', 'rms'],
    why: `GDAL takes the nearest pixel for every resampling when the grids differ by whole pixels. The cubic B-spline
   smooths, and rms has no sign; so they differ from the nearest pixel's value. "Integer shift, computed" compares without
   that shortcut.`,
  },
  {
    cases: ['polar, to degrees'],
    resamplings: ['sum'],
    why: `GDAL shares each source pixel out over its quadrilateral in the destination. Where that lies across 180° it is as
   wide as the destination, and a little of the pixel's value lands in every pixel of those rows, with or without
   data. terrachip cuts the destination pixel's quadrilateral in the source, which does not cross anything.`,
  },
  {
    cases: ['polar'],
    resamplings: ['lanczos'],
    why: `Beside gaps, weights of lanczos that sum to a quarter are made to sum to 1, negative ones among them: values
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
  return `# Is it the same as GDAL?

\`npm run parity\` writes this page. It warps with terrachip on its backends (cpu: ${adapters.cpu}; webgpu:
${adapters.webgpu}) and with GDAL ${gdal}, and compares pixel by pixel.

GDAL runs as \`gdalwarp -et 0 -wo XSCALE=1 -wo YSCALE=1\`: exact positions, and its kernel at the source's scale. By
default GDAL interpolates positions to 0.125 pixels, and blurs by a factor that it derives from bounding boxes chunk by
chunk, even where source and destination have one scale (a rotation of 4° suffices); terrachip does neither. Bands are
warped one at a time, so that each has its own mask: with several, GDAL shares one (\`UNIFIED_SRC_NODATA\`), and takes
a nodata value in one band for data where another band has data.

What the columns say:

- **masks differ**: pixels that have data in one result and not in the other. A pixel whose position lies within 1e-3
  source pixels of an edge may fall to either side; others must not.
- **rms**, **largest**: differences of values where both have data, divided by the range of the source's values.
- **of the bound**: the largest share, over all pixels, of what the difference may be there. For resamplings that weigh
  pixels this is 1e-5 of the range + 0.002 pixels × the largest difference among the pixels that the kernel reads (2.5
  times that for lanczos, which is so steep); for average and rms the same for each edge of the pixel's footprint, for sum
  by what lies on these edges. Positions are exact to 0.002 pixels (\`docs/architecture.md\`). Those that choose a pixel
  (nearest, mode, min, max, med, q1, q3) must be identical but where an edge is within 1e-3 pixels: "n at edges" are such.

## Real rasters

${list(real)}

${tables.real}

## Small cases

Made rasters of about 1000 pixels with the same CRSs and patterns of nodata. They and GDAL's results are in
\`test/fixtures/parity\`; a test computes this table anew on each backend and fails where the page says something else.

${tables.small}
${explained === '' ? '' : `\n## What differs, and why\n\n${explained}\n`}`;
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
