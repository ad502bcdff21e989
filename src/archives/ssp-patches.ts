/**
 * The Sentinel-2 patches of the SSP Cloud (Insee), by their names and positions: squares of 10 m pixels in EPSG:3035, in a
 * folder for each NUTS region, year and size, with labels of CLC+ Backbone at the matching path. An image has 14 bands: those
 * of Sentinel-2 in their order, B01 first, and one or two more
 * (https://aiml4os.github.io/funathon-project3/1-acquisition.html).
 */
import { invalidInput } from '../errors.js';
import type { Bounds } from '../geo/index.js';

/** Side of a pixel in metres. */
const PIXEL = 10;

/** The information in a patch's name. */
export interface SspPatch {
  /** The name without extension: `3649890_2331750_0_937`. */
  readonly name: string;
  /** Lower left corner in EPSG:3035, in metres. */
  readonly xmin: number;
  readonly ymin: number;
  readonly index: number;
  readonly id: number;
  /** Pixels per side. */
  readonly size: number;
  /** x0, y0, x1, y1 in EPSG:3035. */
  readonly bounds: Bounds;
  /** The information in the folders; null if the path lacks them. */
  readonly nuts: string | null;
  readonly year: number | null;
}

const NAME = /^(?<xmin>\d{1,8})_(?<ymin>\d{1,8})_(?<index>\d{1,6})_(?<id>\d{1,9})(?:\.(?:tif|npy))?$/;

/** NUTS codes: a country of two letters, then up to three digits or letters. */
const NUTS = /^[A-Z]{2}[0-9A-Z]{0,3}$/;

/**
 * Reads the name of a patch: `…/SENTINEL2/{NUTS}/{year}/{size}/{xmin}_{ymin}_{index}_{id}.tif`. The folder of the size may be
 * missing, as in later collections, or all folders.
 * @param path a name, a path or a URL of an image or a label
 * @param size pixels per side if no folder gives it (default 250)
 * @throws {TerrachipError} INVALID_INPUT for another name
 */
export function parseSspPatch(path: string, size = 250): SspPatch {
  const [last = '', ...folders] = path.split(/[?#]/)[0].split('/').reverse();
  const { groups } = NAME.exec(last) ?? {};
  if (groups === undefined) {
    throw invalidInput(
      last === '' ? 'the patch' : last.slice(0, 120),
      'is not the name of a patch',
      'write it as XMIN_YMIN_INDEX_ID.tif',
    );
  }
  const [xmin, ymin, index, id] = [groups.xmin, groups.ymin, groups.index, groups.id].map(Number);
  const hasSize =
    folders.length > 2 && /^\d{1,5}$/.test(folders[0]) && isYear(folders[1]) && NUTS.test(folders[2]);
  const pixels = hasSize ? Number(folders[0]) : size;
  const [year = '', nuts = ''] = folders.slice(hasSize ? 1 : 0);
  const isPlaced = isYear(year) && NUTS.test(nuts);
  const side = pixels * PIXEL;
  return {
    name: last.replace(/\.\w+$/, ''),
    xmin,
    ymin,
    index,
    id,
    size: pixels,
    bounds: [xmin, ymin, xmin + side, ymin + side],
    nuts: isPlaced ? nuts : null,
    year: isPlaced ? Number(year) : null,
  };
}

function isYear(text = ''): boolean {
  return /^(19|20)\d\d$/.test(text);
}

/**
 * The folder of the patches of a region and year.
 * @param root the path up to and including `SENTINEL2`, `images` or `labels`
 * @param size null for collections without a folder of the size
 * @throws {TerrachipError} INVALID_INPUT for a region that is not a NUTS code
 */
export function sspFolder(root: string, nuts: string, year: number, size: number | null = 250): string {
  if (!NUTS.test(nuts)) {
    throw invalidInput(
      `the region ${JSON.stringify(nuts.slice(0, 40))}`,
      'is no NUTS code',
      'write it as FRJ27',
    );
  }
  return [root.replace(/\/+$/, ''), nuts, year, ...(size === null ? [] : [size])].join('/');
}

/**
 * The path of the label of an image: in `labels/` instead of `patchs/` or `images/`, with the extension `.npy`.
 * @throws {TerrachipError} INVALID_INPUT for a path without such a folder
 */
export function sspLabelPath(image: string): string {
  const { name } = parseSspPatch(image);
  const folders = image.split('/');
  const at = folders.findLastIndex((folder) => folder === 'patchs' || folder === 'images');
  if (at < 0) {
    throw invalidInput(
      image,
      'is not in a folder patchs/ or images/',
      'give the place of its label as the output',
    );
  }
  folders[at] = 'labels';
  folders[folders.length - 1] = `${name}.npy`;
  return folders.join('/');
}
