import { describeRaster, type RasterReport } from '../../workflow/index.js';
import { argument, defineCommand, flag } from '../command.js';
import { printable } from '../printable.js';

export const infoCommand = defineCommand(
  'info',
  'describe a raster: grid, bands, storage, metadata',
  {
    raster: argument('<raster>', 'path or URL of a GeoTIFF'),
    checksum: flag('--checksum', 'decode all pixels, and print a SHA-256 and statistics of each band'),
  },
  async ({ raster, checksum }, { output, ...operation }) => {
    const report = await describeRaster(raster, { checksum, ...operation });
    output.result(report, describe(report));
  },
);

const MASKS = {
  none: 'none',
  mask: 'an image of its own',
  'band masks': 'an image of its own, a band for each',
  alpha: 'the alpha band',
} as const;

function describe(report: RasterReport): string {
  const lines = [
    `${report.path}: ${report.width} × ${report.height}, ${report.bands.length} band${report.bands.length === 1 ? '' : 's'}`,
    `crs         ${report.crs === null ? 'none' : `${report.crs.epsg === null ? '' : `EPSG:${report.crs.epsg} `}${report.crs.name}`}`,
    `transform   ${report.transform === null ? 'none' : report.transform.join(', ')}`,
    `storage     ${report.compression}, predictor ${report.predictor}, blocks of ${report.blockSize.join(' × ')}`,
    `overviews   ${report.overviews.map((size) => size.join(' × ')).join(', ') || 'none'}`,
    `mask        ${MASKS[report.mask ?? 'none']}`,
  ];
  if (report.gcps > 0) lines.push(`points      ${report.gcps} ground control points`);
  if (report.hasRpc) lines.push('points      rational polynomial coefficients (RPC)');
  if (report.placeProblem !== null) lines.push(`place       ${report.placeProblem}`);
  const items = [report.metadata, ...report.bands.map((band) => band.metadata)].flatMap((metadata) =>
    Object.values(metadata).flatMap((domain) => Object.keys(domain)),
  );
  lines.push(
    `metadata    ${items.length === 0 ? 'none' : `${items.length} items (all of them with --json)`}`,
  );
  for (const band of report.bands) {
    const scaled =
      band.scale === 1 && band.offset === 0 ? '' : `, scale ${band.scale}, offset ${band.offset}`;
    const name = band.description === null ? '' : ` "${printable(band.description)}"`;
    const stored = band.storedType === band.dtype ? '' : ` (stored as ${band.storedType})`;
    lines.push(
      `band ${String(band.index).padEnd(6)} ${band.dtype}${stored}${name}, ${band.colourInterpretation}, nodata ${band.nodata ?? 'none'}${scaled}`,
    );
    if (band.sha256 !== null) {
      lines.push(
        `            min ${band.min}, max ${band.max}, mean ${band.mean}`,
        `            sha256 ${band.sha256}`,
      );
    }
  }
  return lines.join('\n');
}
