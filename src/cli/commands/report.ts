import { writeReport } from '../../workflow/index.js';
import { argument, defineCommand, option } from '../command.js';
import { outputOption } from '../shared-options.js';

export const reportCommand = defineCommand(
  'report',
  'a map as one HTML page that opens without a network: layers, areas, accuracy, provenance',
  {
    map: argument('<map>', 'the folder that infer wrote'),
    destination: outputOption('<html>', 'the page to write'),
    zones: option('--zones <file>', 'polygons; each gets a row with the areas of the classes in it'),
    scene: option('--scene <file>', 'the scene of the map, if it has moved: its inputs are drawn'),
    title: option('--title <text>', 'of the page (default: the id of the scene)'),
    basemap: option(
      '--basemap <url>',
      'tiles under the layers, such as https://tile.example.org/{z}/{x}/{y}.png; the page then asks that server (default: none)',
    ),
    attribution: option('--attribution <text>', 'who made the tiles of --basemap'),
  },
  async (values, { output, ...operation }) => {
    const report = await writeReport({ ...values, ...operation });
    const { destination, bytes, size, layers, pictures, outlines, notes } = report;
    const lines = [
      `${destination}: ${(bytes / 2 ** 20).toFixed(1)} MiB, ${size[0]} × ${size[1]} pixels`,
      `layers: ${layers.join(', ')}`,
      `pictures: ${pictures.join(', ') || 'none'}`,
      `outlines: ${outlines.join(', ')}`,
      ...notes,
    ];
    output.result(report, lines.join('\n'));
  },
);
