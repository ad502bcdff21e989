/** The layers of a map's folder: its products, and the inputs that it was made from. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { groupBy } from '../../catalog/group-by.js';
import { localPath } from '../../io/node/file.js';
import { isUrl, pathOf } from '../../io/open-url.js';
import { type MapFolder, readMapFolder } from '../map-folder.js';
import type { LayerClass } from './documents.js';
import type { LayerSource } from './subject.js';

/** Layers without their ids, the top one last, and what the map says of itself. */
export interface MapLayers {
  readonly layers: readonly Omit<LayerSource, 'id'>[];
  readonly note: string;
}

/** Whether a path is the folder of a map. */
export async function isMapFolder(path: string): Promise<boolean> {
  return !isUrl(path) && (await isThere(join(path, 'item.json'))) && (await isThere(join(path, 'run.json')));
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(localPath(path)).catch(() => null)) !== null;
}

/** @throws {TerrachipError} as `readMapFolder` */
export async function mapLayers(path: string): Promise<MapLayers> {
  const map = await readMapFolder(path);
  const title = basename(path);
  const products: Omit<LayerSource, 'id'>[] = [];
  const names = map.classes.map(({ name }) => name);
  const product = (file: string, name: string, shown: boolean, bandNames: readonly string[] | null) => ({
    name: `${title}: ${name}`,
    shown,
    path: join(path, file),
    classes: null,
    bandNames,
  });
  if (map.classes.length > 0) {
    // Of two classes, the second is the one of interest.
    const firstBand = names.length === 2 ? 2 : 1;
    products.push({ ...product('probability.tif', 'probability', false, names), firstBand });
    const classes = product('classes.tif', 'classes', true, map.multilabel ? names : null);
    products.push({ ...classes, classes: map.multilabel ? YES_OR_NO : classesOf(map) });
  } else {
    const values = map.values.map(({ name }) => name);
    products.push(product('values.tif', values.join(', '), true, values));
  }
  return { layers: [...(await inputsOf(map)), ...products], note: map.limitations };
}

/** The values of a layer of each class of its own. */
const YES_OR_NO: readonly LayerClass[] = [
  { value: 0, name: 'no', colour: '#e0e0e0' },
  { value: 1, name: 'yes', colour: '#1f78b4' },
];

function classesOf({ classes }: MapFolder): LayerClass[] {
  return classes.map(({ name, colour }, value) => ({ value, name, colour }));
}

/** The files of the inputs that can be found, each once. */
async function inputsOf({ plan }: MapFolder): Promise<Omit<LayerSource, 'id'>[]> {
  const files = plan.images.flatMap(({ input, scenePhase, sources }) =>
    sources.map(({ href }) => ({ href, name: scenePhase === null ? input : `${input} ${scenePhase}` })),
  );
  const layers: Omit<LayerSource, 'id'>[] = [];
  for (const [path, [{ name }]] of groupBy(files, ({ href }) => href)) {
    if (!isUrl(path) && !(await isThere(path))) continue;
    const file = basename(pathOf(path));
    layers.push({ name: `${name}: ${file}`, shown: false, path, classes: null, bandNames: null });
  }
  return layers;
}
