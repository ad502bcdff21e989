import { drawPair, nameRegions, writeLandCover } from '../../workflow/index.js';
import { parseCount } from '../arguments.js';
import { argument, box, defineCommand, defineGroup, flag, list, option } from '../command.js';
import { outputOption } from '../shared-options.js';

const SIZE = option(
  '--size <pixels>',
  'side of a patch in pixels, if its path does not give it (default 250)',
  parseCount(),
);

const labelCommand = defineCommand(
  'label',
  'write the CLC+ Backbone label of a patch or a box, from its Web Coverage Service',
  {
    patch: option('--patch <name>', 'name, path or URL of a patch: XMIN_YMIN_INDEX_ID.tif'),
    bounds: box('--bounds <number...>', 'extent in EPSG:3035, in multiples of 10 m: x0 y0 x1 y1'),
    size: SIZE,
    year: option(
      '--year <year>',
      "year of the label: 2018 or 2021 (default: that of the patch's folder)",
      parseCount(),
    ),
    output: outputOption('<file>', 'NumPy array (.npy) or COG (.tif) to write; 0 is no class'),
    endpoint: option('--endpoint <url>', 'URL of another Web Coverage Service 2.0.1'),
    coverage: option('--coverage <name>', 'coverage of that service (default Coverage1)'),
    allowLocal: flag('--allow-local', 'follow redirects of the service into the local network'),
  },
  async (values, { output, ...operation }) => {
    const report = await writeLandCover({ ...values, ...operation });
    const { width, height, counts, place } = report;
    const classes = Object.keys(counts).filter((value) => value !== '0').length;
    const lines = [`${report.output}: ${width} × ${height} pixels of ${classes} classes, ${report.year}`];
    if (place !== null) lines.push(`its place: ${place}`);
    output.result(report, lines.join('\n'));
  },
);

const regionCommand = defineCommand(
  'region',
  'list the NUTS regions that a patch or raster lies in, with areas in km²',
  {
    place: argument('<place>', 'name of a patch, or path or URL of a raster'),
    size: SIZE,
    regions: option('--regions <file>', 'vector file of regions (default: NUTS, from Eurostat)'),
    level: option(
      '--level <n>',
      'NUTS level, from 0 (countries) to 3 (provinces) (default 3)',
      parseCount(0),
    ),
    nutsYear: option('--nuts-year <year>', 'year of the NUTS regions (default 2021)', parseCount()),
    idProperty: option('--id-property <name>', 'attribute with the code of a region (default NUTS_ID)'),
    nameProperty: option('--name-property <name>', 'attribute with the name of a region (default NAME_LATN)'),
  },
  async (values, { output, ...operation }) => {
    const report = await nameRegions({ ...values, ...operation });
    const lines = report.regions.map(
      ({ id, name, km2, share }) => `  ${id} ${name}: ${km2.toFixed(4)} km², ${(100 * share).toFixed(1)} %`,
    );
    output.result(report, [`${report.place}: ${report.km2.toFixed(4)} km²`, ...lines].join('\n'));
  },
);

const pairCommand = defineCommand(
  'picture',
  'draw an image and its label side by side, with a legend',
  {
    image: argument('<image>', 'path or URL of the image'),
    label: argument('<label>', 'path or URL of its label, .npy or a raster'),
    output: outputOption('<png>', 'the picture to write'),
    bands: list('--bands <numbers...>', 'bands for red, green and blue (default 4 3 2)', parseCount()),
    size: option('--size <pixels>', 'longer side of each picture in pixels (default 512)', parseCount()),
  },
  async (values, { output, ...operation }) => {
    const report = await drawPair({ ...values, ...operation });
    output.result(report, `${report.output}: ${report.width} × ${report.height}`);
  },
);

export const landCoverCommand = defineGroup(
  'land-cover',
  'get land cover of Europe: CLC+ Backbone labels, NUTS regions, pictures',
  labelCommand,
  regionCommand,
  pairCommand,
);
