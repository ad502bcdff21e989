// docs/parity.md from what was measured.
import { BACKENDS } from './measure.js';

/**
 * Why a row is beyond its bound. A row that is and has no explanation here fails the command.
 * `cases` and `resamplings` are names, or null for all.
 */
const EXPLANATIONS = [];

/**
 * @param gdal GDAL's version
 * @param adapters what each backend runs on
 * @param real measured cases of real rasters
 * @param small measured small cases
 * @throws {Error} when a row is beyond its bound and nothing explains it
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
  pixels this is 1e-5 of the range + 0.002 pixels × the largest difference among the pixels that the kernel reads; for
  average and rms the same by each edge of the pixel's footprint; for sum by what lies on these edges. Positions are exact
  to 0.002 pixels (\`docs/architecture.md\`), rounding of float32 included. Those that choose a pixel (nearest, mode, min,
  max, median, q1, q3) must be identical but where an edge is within 1e-3 pixels: "n at edges" are such.

## Real rasters

${list(real)}

${tables.real}

## Small cases

Made rasters of about 1000 pixels with the same CRSs and patterns of nodata. They and GDAL's results are in
\`test/fixtures/parity\`; a test computes this table anew on each backend and fails where the page says something else.

${tables.small}
${explained === '' ? '' : `\n## What is beyond its bound\n\n${explained}\n`}`;
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
        ...both((m) =>
          m.maskDiffersBeyond === 0
            ? String(m.maskDiffers)
            : `**${m.maskDiffers}** ${note(name, row, notes)}`,
        ),
        ...both((m) => formatShare(m.rms)),
        ...both((m) => formatShare(m.largest)),
        ...both((m) => boundCell(m, () => note(name, row, notes))),
      ]);
    }
  }
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function boundCell({ used, beyond, differing }, explain) {
  if (beyond > 0) return `**${beyond} beyond** ${explain()}`;
  if (used !== null) return `${(100 * used).toPrecision(2)} %`;
  return differing === 0 ? 'identical' : `${differing} at edges`;
}

/** Two digits: enough to compare, few enough to be the same on every machine. */
function formatShare(share) {
  return share === 0 ? '0' : share.toExponential(1);
}

/** The number of the note that explains a row. */
function note(name, { resampling }, notes) {
  const found = EXPLANATIONS.find(
    ({ cases, resamplings }) =>
      (cases === null || cases.includes(name)) && (resamplings === null || resamplings.includes(resampling)),
  );
  if (found === undefined)
    throw new Error(`${name}, ${resampling} is beyond its bound, and nothing explains it`);
  if (!notes.includes(found.why)) notes.push(found.why);
  return `(${notes.indexOf(found.why) + 1})`;
}
