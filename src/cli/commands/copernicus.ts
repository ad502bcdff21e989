import { copernicusAccess } from '../../archives/copernicus/access.js';
import {
  MOSAICKING_ORDERS,
  ORBIT_DIRECTIONS,
  PROCESS_COLLECTIONS,
  PROCESS_DTYPES,
  PROCESS_RESAMPLINGS,
  PROCESS_UNITS,
} from '../../archives/copernicus/process-request.js';
import { processGrid } from '../../workflow/index.js';
import { parseChoice, parseNumber } from '../arguments.js';
import { defineCommand, defineGroup, list, option, required } from '../command.js';
import { requireCopernicusCredentials } from '../copernicus-credentials.js';
import { GRID_OPTIONS, gridOf, maxPixels, outputOption } from '../shared-options.js';

const ENVIRONMENT = `
Set CDSE_CLIENT_ID and CDSE_CLIENT_SECRET in the environment to the credentials of your OAuth client.`;

const processCommand = defineCommand(
  'process',
  'request a raster of a collection from the Process API, on exactly the given grid',
  {
    destination: outputOption('<cog>', 'the COG to write'),
    collection: required(
      option(
        '--collection <name>',
        `collection: ${PROCESS_COLLECTIONS.join(', ')}`,
        parseChoice(PROCESS_COLLECTIONS),
      ),
    ),
    datetime: option('--datetime <interval>', 'date or interval, such as 2021-07-15'),
    ...GRID_OPTIONS,
    bands: list(
      '--bands <names...>',
      'bands: B02, SCL, VV, … (default: all spectral bands, VV and VH, or DEM)',
    ),
    units: option(
      '--units <units>',
      'units of Sentinel-2: dn_harmonised (default), reflectance, dn_offset_1000 or class',
      parseChoice(PROCESS_UNITS),
    ),
    dtype: option(
      '--dtype <type>',
      'data type: float32, uint16 or uint8 (default: uint16 for digital numbers, uint8 for classes, else float32)',
      parseChoice(PROCESS_DTYPES),
    ),
    mosaicking: option(
      '--mosaicking <order>',
      `scene on top of overlaps: ${MOSAICKING_ORDERS.join(', ')} (default mostRecent)`,
      parseChoice(MOSAICKING_ORDERS),
    ),
    maxCloudCover: option(
      '--max-cloud-cover <percent>',
      "largest cloud cover of a scene's tile",
      parseNumber,
    ),
    orbit: option(
      '--orbit <direction>',
      `orbit direction: ${ORBIT_DIRECTIONS.join(' or ')}`,
      parseChoice(ORBIT_DIRECTIONS),
    ),
    resampling: option(
      '--resampling <name>',
      `resampling: ${PROCESS_RESAMPLINGS.join(', ')} (default bilinear, nearest for classes)`,
      parseChoice(PROCESS_RESAMPLINGS),
    ),
    endpoint: option('--endpoint <url>', 'URL of the Process API (default: the Copernicus Data Space)'),
    tokenUrl: option('--token-url <url>', 'URL of the token service (default: the Data Space)'),
    maxPixels: maxPixels('refuse larger grids'),
  },
  async ({ tokenUrl, ...values }, { output, ...operation }) => {
    const { endpoint } = values;
    const access = copernicusAccess({
      ...requireCopernicusCredentials(process.env),
      ...(tokenUrl === undefined ? {} : { tokenUrl }),
      ...(endpoint !== undefined && URL.canParse(endpoint) ? { origins: [new URL(endpoint).origin] } : {}),
    });
    const report = await processGrid({ ...values, grid: gridOf(values, false), access, ...operation });
    const { destination, width, height, crs, units, dtype, validPixels } = report;
    const cost =
      report.processingUnits === null ? '' : `, ${report.processingUnits.toFixed(2)} processing units`;
    const valid = ((100 * validPixels) / (width * height)).toFixed(1);
    output.result(
      report,
      `${destination}: ${width} × ${height} in ${crs}, ${dtype} in ${units}, valid ${valid} %${cost}`,
    );
  },
  { after: ENVIRONMENT },
);

export const copernicusCommand = defineGroup(
  'copernicus',
  'get data of the Copernicus Data Space Ecosystem',
  processCommand,
);
