/** `terrachip report`: the folder of a map as one HTML file that opens without a network. */
import { stat } from 'node:fs/promises';
import { basename, join, relative, resolve } from 'node:path';
import { invalidOption } from '../../errors.js';
import type { GeoBox } from '../../geo/index.js';
import { requireOutput } from '../../io/node/inputs.js';
import { writeFileAtomically } from '../../io/node/output.js';
import { isAddress } from '../../io/schemes.js';
import type { OperationOptions } from '../../progress.js';
import { shellWords } from '../../text.js';
import { type MapFolder, readMapFolder } from '../map-folder.js';
import { gridOf } from '../target-grid.js';
import type { ReportDocument } from './document.js';
import { type MapMetrics, readDocuments } from './documents.js';
import { reportOutlines } from './outlines.js';
import { renderPage } from './page.js';
import { scenePictures } from './pictures.js';
import { lonLatOf, MOST_PICTURE, MOST_VALUES, pageGrid, reportRasters } from './rasters.js';
import {
  accuracySection,
  areasSection,
  fileName,
  notesSection,
  provenanceSection,
  reproduceSection,
  zonesSection,
} from './sections.js';
import { zoneTable } from './zones.js';

/** The map, and where its report goes. */
export interface ReportOptions extends OperationOptions {
  /** The folder that `infer` wrote. */
  map: string;
  /** The HTML file to write. */
  destination: string;
  /** Polygons; each gets a row with the areas of the classes in it, or the means of the quantities. */
  zones?: string;
  /** The scene file, if the map's own has moved: its inputs are drawn. */
  scene?: string;
  /** The title of the page (default: the scene's id). */
  title?: string;
  /**
   * Tiles of a server under the layers, in EPSG:3857: an `https:` address with `{z}`, `{x}` and `{y}`. The page then requests
   * them from that server. Default: none; the page then makes no requests.
   */
  basemap?: string;
  /** Who made the tiles of `basemap`, which is shown on the map. */
  attribution?: string;
}

/** The report that `writeReport` wrote. */
export interface ReportFile {
  destination: string;
  bytes: number;
  /** Width and height of the values in the page, in pixels. */
  size: [width: number, height: number];
  /** Whether the page has fewer pixels than the map. */
  reduced: boolean;
  /** Titles of layers, pictures and outlines. */
  layers: string[];
  pictures: string[];
  outlines: string[];
  /** What the page leaves out, a sentence each. */
  notes: string[];
}

/**
 * Writes the report of a map.
 * @throws {TerrachipError} INVALID_INPUT for a folder without a whole map, or zones that cannot be read; INVALID_OPTION for
 * an invalid address of tiles; DISK
 */
export async function writeReport(options: ReportOptions): Promise<ReportFile> {
  const { map, destination, zones = null, signal, onProgress } = options;
  const basemap = basemapOf(options);
  const folder = await readMapFolder(map);
  const classes = join(map, folder.classes.length > 0 ? 'classes.tif' : 'values.tif');
  const inputs = [
    classes,
    ...['item.json', 'run.json', 'statistics.json', 'metrics.json'].map((name) => join(map, name)),
  ];
  await requireOutput(destination, {
    formats: ['HTML'],
    inputs: zones === null ? inputs : [...inputs, zones],
  });
  const documents = await readDocuments(map);
  const grid = await gridOf(classes);
  const geobox = pageGrid(grid, MOST_VALUES);
  const bounds = lonLatOf(geobox);
  if (zones !== null) onProgress?.({ type: 'stage', stage: 'zones' });
  const ofZones = zones === null ? null : await zoneTable(folder, zones, { signal });
  onProgress?.({ type: 'stage', stage: 'layers' });
  const { rasters, notes } = await reportRasters(folder, geobox, signal);
  const reduced = isReduced(geobox, grid);
  if (reduced) {
    notes.unshift(
      `The values in this page have ${geobox.width} × ${geobox.height} pixels, fewer than the map's ${grid.width} × ${grid.height}: each is that of the map's pixel at its centre. The files have all.`,
    );
  }
  onProgress?.({ type: 'stage', stage: 'pictures' });
  const scenePath = options.scene ?? folder.plan.scene.path;
  const pictures = await scenePictures(scenePath, pageGrid(grid, MOST_PICTURE), signal);
  if (pictures.pictures.length > 0)
    notes.push(
      `Pictures of the inputs have at most ${MOST_PICTURE} pixels a side, and their colours are stretched.`,
    );
  onProgress?.({ type: 'stage', stage: 'outlines' });
  const reference = await referenceOf(documents.metrics);
  const outlined = await reportOutlines(
    folder,
    grid,
    { reference, zones, middle: (bounds[0] + bounds[2]) / 2 },
    signal,
  );
  const page: ReportDocument = {
    bounds,
    mercator: geobox.bounds,
    rasters,
    pictures: pictures.pictures,
    swipe: pictures.swipe,
    outlines: outlined.outlines,
    basemap,
  };
  const { plan, limitations } = folder;
  const all = [...notes, ...pictures.notes, ...outlined.notes];
  const text = await renderPage({
    title: options.title ?? plan.scene.id,
    subtitle: subtitleOf(folder),
    warning: limitations === 'not stated' ? '' : limitations,
    document: page,
    sections: [
      areasSection(documents, folder),
      zonesSection(ofZones),
      accuracySection(documents.metrics),
      provenanceSection(folder, documents),
      reproduceSection(commandsOf(folder, documents.metrics, options)),
      notesSection(all),
    ],
  });
  const content = Buffer.from(text);
  await writeFileAtomically(destination, content);
  return {
    destination,
    bytes: content.length,
    size: [geobox.width, geobox.height],
    reduced,
    layers: rasters.map(({ title }) => title),
    pictures: page.pictures.map(({ title }) => title),
    outlines: page.outlines.map(({ title }) => title),
    notes: all,
  };
}

/** @throws {TerrachipError} INVALID_OPTION for an invalid address, or one without placeholders for the numbers of a tile */
function basemapOf({ basemap, attribution }: ReportOptions): ReportDocument['basemap'] {
  if (basemap === undefined) {
    if (attribution !== undefined)
      throw invalidOption('attribution', 'has no meaning without `basemap`', 'leave it out');
    return null;
  }
  const remedy = 'give one such as https://tile.example.org/{z}/{x}/{y}.png';
  const url = basemap.replaceAll('{s}', 'a');
  const isWeb = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!isWeb || /[\s;,'"]/.test(basemap))
    throw invalidOption('basemap', 'is not the address of a server', remedy);
  if (!['{z}', '{x}', '{y}'].every((part) => basemap.includes(part)))
    throw invalidOption('basemap', 'lacks {z}, {x} or {y}', remedy);
  if (attribution === undefined || attribution.trim() === '')
    throw invalidOption('attribution', 'is missing', 'say who made the tiles, as their licence asks');
  return { url: basemap, attribution };
}

/** Whether a grid has larger pixels than the map, beyond what two projections differ by. */
function isReduced(page: GeoBox, map: GeoBox): boolean {
  return page.width * page.height < 0.9 * map.width * map.height;
}

function subtitleOf({ plan, values }: MapFolder): string {
  const { datetime } = plan.scene;
  const time = datetime === null ? '' : `${datetime.slice(0, 16).replace('T', ' ')} UTC · `;
  const what = values.length > 0 ? 'values' : 'classes';
  return `${time}Map of ${what} by ${plan.model.name} ${plan.model.version}`;
}

/** The label that the map was compared with, if it can be read; else null. */
async function referenceOf(metrics: MapMetrics | null): Promise<string | null> {
  const label = metrics?.label;
  if (label === undefined || isAddress(label)) return null;
  return (await stat(label).catch(() => null)) === null ? null : label;
}

/** The commands that make the map and the report again, with names of files in place of this machine's folders. */
function commandsOf({ path, plan }: MapFolder, metrics: MapMetrics | null, options: ReportOptions): string[] {
  const base = resolve(path, '..');
  const named = (file: string): string => {
    if (isAddress(file)) return file;
    const inside = relative(base, resolve(file));
    return inside.startsWith('..') || inside === '' ? fileName(file) : inside;
  };
  const output = basename(resolve(path));
  const { batchSize, blend, threshold, minChipValid, rowsPerUnit, provider, backend } = plan;
  const infer = [
    'terrachip',
    'infer',
    named(plan.scene.path),
    '--model',
    named(plan.model.path),
    '-o',
    output,
  ];
  infer.push('--batch', String(batchSize), '--blend', blend, '--threshold', String(threshold));
  infer.push('--min-chip-valid', String(minChipValid), '--unit-rows', String(rowsPerUnit));
  infer.push('--provider', provider, '--backend', backend.kind);
  const commands = [infer];
  if (metrics?.label !== undefined)
    commands.push(['terrachip', 'evaluate', output, '--label', named(metrics.label)]);
  const report = ['terrachip', 'report', output];
  if (options.zones !== undefined) report.push('--zones', named(options.zones));
  commands.push([...report, '-o', fileName(options.destination)]);
  return commands.map(shellWords);
}
