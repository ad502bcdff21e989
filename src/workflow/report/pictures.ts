/** Pictures of a scene's phases on the grid of the report's page. */
import { isTerrachipError, messageOf } from '../../errors.js';
import type { GeoBox } from '../../geo/index.js';
import { DEFAULT_PERCENTILES } from '../picture/appearance.js';
import { TRUE_COLOUR } from '../picture/bands.js';
import { paint, percentileStretch } from '../picture/colours.js';
import { type SceneBand, SceneReader } from '../picture/scene-reader.js';
import { readScene } from '../scene.js';
import type { ReportPicture } from './document.js';
import { packPlanes } from './pack.js';

/** Pictures by phase, in the scene's order. */
export interface ScenePictures {
  readonly pictures: ReportPicture[];
  /** The pictures that are compared at first: one kind of image, in the first and the last phase; null for fewer than two. */
  readonly swipe: [number, number] | null;
  /** What was left out, a sentence each. */
  readonly notes: string[];
}

/** Polarisations of radar that are drawn, the first that a phase has. */
const POLARISATIONS = ['VV', 'HH'] as const;

/** The start of titles of radar images. */
const RADAR = 'radar';

/** Most phases that are drawn. */
const MOST_PHASES = 6;

/**
 * Draws the inputs of a scene: true colour, and radar in dB, of each phase; of other phases the first band. Single bands
 * have the same colour range in all phases, so that these can be compared.
 */
export async function scenePictures(
  path: string,
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): Promise<ScenePictures> {
  const images: ReadImage[] = [];
  const notes: string[] = [];
  try {
    await using reader = new SceneReader(await readScene(path), geobox);
    const phases = reader.phases.length === 0 ? [null] : reader.phases.slice(0, MOST_PHASES);
    if (reader.phases.length > MOST_PHASES)
      notes.push(`Of ${reader.phases.length} phases, the first ${MOST_PHASES} are drawn.`);
    for (const image of phases.flatMap((phase) => imagesOf(reader, phase))) {
      try {
        images.push(await readImage(reader, image, signal));
      } catch (error) {
        if (!isTerrachipError(error)) throw error;
        notes.push(`The picture ${titleOf(image)} is left out, since ${messageOf(error)}`);
      }
    }
  } catch (error) {
    if (!isTerrachipError(error)) throw error;
    notes.push(
      `The pictures of the inputs are left out, since the scene cannot be read: ${messageOf(error)}`,
    );
  }
  return { pictures: images.map((image) => draw(image, images, geobox)), swipe: chooseSwipe(images), notes };
}

interface SceneImage {
  /** `true colour`, `radar VV`, or an input and a band. */
  readonly kind: string;
  readonly phase: string | null;
  readonly bands: readonly SceneBand[];
}

interface ReadImage extends SceneImage {
  readonly planes: readonly Float32Array[];
  /** 1 for a cloud; null where they are not known. */
  readonly clouds: Uint8Array | null;
}

function titleOf({ kind, phase }: SceneImage): string {
  return phase === null ? kind : `${phase}: ${kind}`;
}

/**
 * Two phases of one kind of image: of radar if possible, since clouds hide the ground in optical images. The first phase,
 * and the one called event, else the last. Null where no kind has two phases.
 */
function chooseSwipe(drawn: readonly SceneImage[]): [number, number] | null {
  const kinds = [...new Set(drawn.map(({ kind }) => kind))];
  const several = kinds.filter((kind) => drawn.filter((each) => each.kind === kind).length > 1);
  const chosen = several.find((kind) => kind.startsWith(RADAR)) ?? several[0];
  if (chosen === undefined) return null;
  const first = drawn.findIndex(({ kind }) => kind === chosen);
  const event = drawn.findIndex(({ kind, phase }, k) => kind === chosen && phase === 'event' && k > first);
  return [first, event < 0 ? drawn.findLastIndex(({ kind }) => kind === chosen) : event];
}

function imagesOf(reader: SceneReader, phase: string | null): SceneImage[] {
  const images: SceneImage[] = [];
  const colours = reader.find(phase, TRUE_COLOUR);
  if (colours !== null) images.push({ kind: 'true colour', phase, bands: colours });
  const radar = POLARISATIONS.flatMap((name) => reader.find(phase, [name]) ?? []).slice(0, 1);
  if (radar.length > 0) images.push({ kind: `${RADAR} ${radar[0].band}`, phase, bands: radar });
  if (images.length > 0) return images;
  return reader
    .bands(phase)
    .slice(0, 1)
    .map((band) => ({ kind: `${band.input} ${band.band}`, phase, bands: [band] }));
}

async function readImage(
  reader: SceneReader,
  image: SceneImage,
  signal: AbortSignal | undefined,
): Promise<ReadImage> {
  const { phase, bands } = image;
  const planes: Float32Array[] = [];
  for (const band of bands) planes.push(await reader.read(band, signal));
  const clouds = bands.length === 3 && phase !== null ? await reader.clouds(phase, signal) : null;
  return { ...image, planes, clouds };
}

/** @param all the images of all phases */
function draw(
  image: ReadImage,
  all: readonly ReadImage[],
  { width, height, pixelCount }: GeoBox,
): ReportPicture {
  const { kind, bands, planes, clouds } = image;
  const title = titleOf(image);
  const isColours = planes.length === 3;
  const alike = all.filter((each) => each.kind === kind);
  const stretches = isColours
    ? planes.map((plane) => percentileStretch([plane], DEFAULT_PERCENTILES, [clouds]))
    : [
        percentileStretch(
          alike.map((each) => each.planes[0]),
          DEFAULT_PERCENTILES,
        ),
      ];
  const pixels = paint(planes, stretches, 'grey');
  const channels = isColours ? [0, 1, 2, 3] : [0, 3];
  const packed = channels.map((channel) =>
    Uint8Array.from({ length: pixelCount }, (_, i) => pixels[4 * i + channel]),
  );
  const [{ tiles }] = bands;
  const isDecibels = tiles[0].units === 'linear_power' || tiles[0].units === 'dB';
  const [[low, high]] = stretches;
  const bar = { label: isDecibels ? `${title} (dB)` : title, low: shortNumber(low), high: shortNumber(high) };
  return { title, pixels: packPlanes(packed, width, height), bar: isColours ? null : bar };
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−');
}
