import { writeReport } from '../../workflow/index.js';
import { argument, defineCommand, option } from '../command.js';
import { outputOption } from '../shared-options.js';

export const reportCommand = defineCommand(
  'report',
  'write a map as one HTML page that works offline: layers, areas, accuracy, provenance',
  {
    map: argument('<map>', 'map folder written by infer'),
    destination: outputOption('<html>', 'page to write'),
    zones: option('--zones <file>', 'polygons of zones; each gets a row with the areas of its classes'),
    scene: option('--scene <file>', 'scene of the map, if it has moved; its inputs are drawn'),
    title: option('--title <text>', 'title of the page (default: the id of the scene)'),
    basemap: option(
      '--basemap <url>',
      'tiles under the layers, such as https://tile.example.org/{z}/{x}/{y}.png; the page then asks that server (default: none)',
    ),
    attribution: option('--attribution <text>', 'attribution of the --basemap tiles'),
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
