import { RAPIDAI4EO_PRODUCTS } from '../../workflow/choices.js';
import { indexRapidAi4Eo, listRapidAi4Eo } from '../../workflow/index.js';
import { parseChoice } from '../arguments.js';
import { argument, defineCommand, defineGroup, flag, list, option } from '../command.js';
import { BBOX, BBOX_CRS_HELP, outputOption, SELECTION_OPTIONS } from '../shared-options.js';

const indexCommand = defineCommand(
  'index',
  'build a catalog of the locations, with the share of each land cover',
  {
    output: outputOption('<file>', 'catalog to write, .parquet or .geojson'),
    geometries: option('--geometries <file>', 'path or URL of the outlines (default: as published)'),
    labels: option('--labels <file>', 'path or URL of the labels, or none (default: as published)'),
  },
  async (values, { output, ...operation }) => {
    const report = await indexRapidAi4Eo({ ...values, ...operation });
    const labels = report.labelled ? 'with the shares of classes' : 'without labels';
    output.result(report, `${report.output}: ${report.locations} locations, ${labels}`);
  },
);

const listCommand = defineCommand(
  'list',
  'list the URLs of the images of locations, or write a catalog of them',
  {
    locations: argument('<catalog>', 'catalog written by terrachip rapidai4eo index'),
    output: option('-o, --output <file>', 'list (.txt) or catalog (.parquet, .geojson) to write'),
    bbox: BBOX,
    crs: option('--crs <crs>', BBOX_CRS_HELP),
    ...SELECTION_OPTIONS,
    where: option('--where <condition>', 'condition on classes and groups: "clc_31 >= 0.5 and clc_112 > 0"'),
    products: list(
      '--products <names...>',
      `products: ${RAPIDAI4EO_PRODUCTS.join(', ')} (default: all)`,
      parseChoice(RAPIDAI4EO_PRODUCTS),
    ),
    relative: flag(
      '--relative',
      'list paths relative to the folder of all images, for azcopy --list-of-files',
    ),
  },
  async (values, { output, ...operation }) => {
    const report = await listRapidAi4Eo({ ...values, ...operation });
    const { locations, images, root } = report;
    const lines = [`${report.output ?? 'found'}: ${images} images of ${locations} locations`];
    if (values.relative === true && report.output !== null) {
      lines.push(`azcopy copy ${root} FOLDER --list-of-files ${report.output}`);
    }
    output.result(report, lines.join('\n'));
  },
);

export const rapidAi4EoCommand = defineGroup(
  'rapidai4eo',
  'find images of the RapidAI4EO corpus by place, time and land cover',
  indexCommand,
  listCommand,
);
