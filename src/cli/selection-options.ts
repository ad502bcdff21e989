/** The options that say which rows of a catalog are meant: where, when and what. */
import type { Command } from 'commander';
import { PREDICATES } from '../catalog/place-query.js';
import type { RowSelection } from '../workflow/catalog.js';
import { collect, parseChoice, parseNumber, requireLength } from './arguments.js';

export interface SelectionOptions extends Omit<RowSelection, 'bbox' | 'crs'> {
  bbox?: number[];
}

/** Of every command that reads catalogs. */
export const ALLOW_LOCAL = [
  '--allow-local',
  'from a catalog on a server, take files of this machine and addresses of its network too',
] as const;

/** @param crs the option for the CRS of `--bbox` */
export function addSelectionOptions(command: Command, crs: '--crs' | '--bbox-crs'): Command {
  return command
    .option('--bbox <number...>', 'x0 y0 x1 y1', collect(parseNumber('--bbox')))
    .option(`${crs} <crs>`, 'of --bbox (default: longitude and latitude)')
    .option('--geometry <file>', 'a vector file whose features are the place')
    .option('--datetime <interval>', '2021, 2021-07, 2021-07-15, 2021-07-01/2021-07-31 or 2021-07-01/..')
    .option(
      '--predicate <how>',
      `how a row lies to the place: ${PREDICATES.join(', ')} (default ${PREDICATES[0]})`,
      parseChoice('--predicate', PREDICATES),
    )
    .option('--touch', 'also rows that have only their boundary in common with it')
    .option(
      '--where <condition>',
      'on fields and properties: "eo:cloud_cover < 20 and platform = \'sentinel-2a\'"',
    )
    .option(...ALLOW_LOCAL);
}

/** @param crs the value of the option for the CRS of `--bbox` */
export function parseSelection(options: SelectionOptions, crs: string | undefined): RowSelection {
  const { bbox, geometry, datetime, predicate, touch, where, allowLocal } = options;
  const [x0, y0, x1, y1] = bbox === undefined ? [] : requireLength('--bbox', bbox, [4]);
  return {
    ...(bbox === undefined ? {} : { bbox: [x0, y0, x1, y1] as const }),
    ...(crs === undefined ? {} : { crs }),
    ...(geometry === undefined ? {} : { geometry }),
    ...(datetime === undefined ? {} : { datetime }),
    ...(predicate === undefined ? {} : { predicate }),
    ...(touch === undefined ? {} : { touch }),
    ...(where === undefined ? {} : { where }),
    ...(allowLocal === undefined ? {} : { allowLocal }),
  };
}
