/** `quicklook.png`: a map as a sheet with title, legend and scale bar. */
import { isTerrachipError } from '../../errors.js';
import type { GeoBox } from '../../geo/index.js';
import type { ModelClass } from '../../inference/node/index.js';
import { openRaster } from '../../raster/node/index.js';
import { VERSION } from '../../version.js';
import { parseColour } from '../classes.js';
import type { Plan } from '../plan.js';
import { readScene } from '../scene.js';
import { requireGeobox } from '../target-grid.js';
import { DEFAULT_PERCENTILES } from './appearance.js';
import { TRUE_COLOUR } from './bands.js';
import { type Colour, type Image, WHITE, writePng } from './canvas.js';
import { mix, paint, percentileStretch } from './colours.js';
import { DEFAULT_PICTURE_SIZE } from './raster-picture.js';
import { pictureGrid, pictureSize, pixelAspect, readReduced } from './reduce.js';
import { SceneReader } from './scene-reader.js';
import { type ColourBar, drawSheet, type LegendEntry } from './sheet.js';

export interface MapPicture {
  /** Path of the map of classes or values. */
  map: string;
  /** The PNG to write. */
  target: string;
  classes: readonly ModelClass[];
  /** The quantity in the first band of a map of values; null for classes. */
  value: { readonly name: string; readonly units?: string | undefined } | null;
  plan: Plan;
  /** Area of each class in km², for the legend; null leaves it out. */
  km2: readonly number[] | null;
  /** Uses that the model is not suited for. */
  note: string;
  /** Draws the outline of a label. `read` gives 1 in the positive class, on the picture's grid. */
  outline?: { label: string; read: (geobox: GeoBox) => Promise<Float32Array> };
  signal?: AbortSignal;
}

/** The longest note. */
const MOST_CHARACTERS = 800;

const OUTLINE: Colour = [228, 26, 28];

/** Opacity of the classes' colours over the backdrop; the first class is the background. */
const FIRST_CLASS_SHARE = 0.35;
const CLASS_SHARE = 0.85;

export async function drawMap(picture: MapPicture): Promise<void> {
  const { classes, value, plan, km2, note, signal } = picture;
  await using raster = await openRaster(picture.map, { signal });
  const grid = requireGeobox(raster);
  const size = pictureSize(raster.width, raster.height, DEFAULT_PICTURE_SIZE, pixelAspect(grid));
  const geobox = pictureGrid(grid, ...size);
  const bands = value === null ? raster.bands.map((_, k) => k + 1) : [1];
  const { planes } = await readReduced(raster, bands, size, signal);
  const backdrop = value === null ? await readBackdrop(plan, geobox, signal) : null;
  const colours = classes.map(({ colour }) => parseColour(colour));
  let colourBar: ColourBar | null = null;
  let image: Image;
  if (value === null) {
    image = compose(planes.length === 1 ? planes[0] : lastClass(planes), colours, backdrop, geobox);
  } else {
    const stretch = percentileStretch(planes, DEFAULT_PERCENTILES);
    image = { width: size[0], height: size[1], pixels: paint(planes, [stretch], 'viridis') };
    const { name, units = '' } = value;
    colourBar = { label: units === '' ? name : `${name} (${units})`, map: 'viridis', stretch };
  }
  if (picture.outline !== undefined) drawOutline(image, await picture.outline.read(geobox));
  const legend: LegendEntry[] = classes.map(({ name }, k) => ({
    label: name,
    kind: 'fill',
    colour: backdrop === null ? colours[k] : mix([150, 150, 150], colours[k], shareOf(k)),
    detail: km2 === null ? undefined : `${formatArea(km2[k])} km²`,
  }));
  legend.push({ label: 'no data', kind: 'hatch', colour: WHITE });
  if (picture.outline !== undefined)
    legend.push({ label: picture.outline.label, kind: 'outline', colour: OUTLINE });
  const { id, datetime } = plan.scene;
  const sheet = drawSheet({
    title: id,
    subtitle: `${datetime === null ? '' : `${datetime.slice(0, 16).replace('T', ' ')} UTC · `}${plan.model.name} ${plan.model.version}`,
    image,
    geobox,
    axes: true,
    legend,
    colourBar,
    note: note === 'not stated' ? '' : note.slice(0, MOST_CHARACTERS).replaceAll(/\s+/g, ' '),
    footer: `${raster.width} × ${raster.height} pixels · ${grid.crs}${backdrop === null ? '' : ` · backdrop: ${backdrop.name}`} · terrachip ${VERSION}`,
  });
  await writePng(picture.target, sheet);
}

function formatArea(km2: number): string {
  return km2 >= 100 ? km2.toFixed(0) : km2.toFixed(2);
}

function shareOf(value: number): number {
  return value === 0 ? FIRST_CLASS_SHARE : CLASS_SHARE;
}

/** The last class of each pixel, for classes that do not exclude each other; −1 for none, NaN for no data. */
function lastClass(planes: readonly Float32Array[]): Float32Array {
  return planes[0].map((first, i) =>
    Number.isNaN(first) ? first : planes.findLastIndex((plane) => plane[i] === 1),
  );
}

function compose(
  map: Float32Array,
  colours: readonly Colour[],
  backdrop: Backdrop | null,
  { width, height }: GeoBox,
): Image {
  const pixels = new Uint8Array(4 * width * height);
  for (const [i, value] of map.entries()) {
    const colour = value === -1 ? WHITE : colours[value];
    if (colour === undefined) continue;
    const visible = backdrop !== null && backdrop.pixels[4 * i + 3] > 0;
    const [red, green, blue] = visible ? backdrop.pixels.subarray(4 * i, 4 * i + 3) : colour;
    pixels.set(
      [...mix([red, green, blue], colour, visible ? (value === -1 ? 0 : shareOf(value)) : 1), 255],
      4 * i,
    );
  }
  return { width, height, pixels };
}

/** Draws the positive pixels that have a neighbour of another class. */
function drawOutline({ width, height, pixels }: Image, label: Float32Array): void {
  const inside = (x: number, y: number): boolean => label[y * width + x] === 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!inside(x, y)) continue;
      const border =
        (x > 0 && !inside(x - 1, y)) ||
        (x < width - 1 && !inside(x + 1, y)) ||
        (y > 0 && !inside(x, y - 1)) ||
        (y < height - 1 && !inside(x, y + 1));
      if (border) pixels.set([...OUTLINE, 255], 4 * (y * width + x));
    }
  }
}

interface Backdrop {
  readonly name: string;
  readonly pixels: Uint8Array;
}

/** The scene in true colour or VV; null where it cannot be read any more. */
async function readBackdrop(
  plan: Plan,
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): Promise<Backdrop | null> {
  try {
    const scene = await readScene(plan.scene.path);
    await using reader = new SceneReader(scene, geobox);
    const planned = plan.images.find(({ phase }) => phase === 'event')?.scenePhase;
    const phase = planned ?? reader.phases.at(-1);
    if (phase === undefined) return null;
    for (const names of [TRUE_COLOUR, ['VV']]) {
      const planes = await reader.readNamed(phase, names, signal);
      if (planes === null) continue;
      const clouds = names === TRUE_COLOUR ? await reader.clouds(phase, signal) : null;
      const stretch = planes.map((plane) => percentileStretch([plane], DEFAULT_PERCENTILES, [clouds]));
      const name = `${names.length === 3 ? 'true colour' : 'VV in dB'}, ${phase}`;
      return { name, pixels: paint(planes, stretch, 'grey') };
    }
    return null;
  } catch (error) {
    // The scene may have been deleted since: the picture then has no backdrop.
    if (isTerrachipError(error)) return null;
    throw error;
  }
}
