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

/** What titles of radar images begin with. */
const RADAR = 'radar';

/** Most phases that are drawn. */
const MOST_PHASES = 6;

/** Draws the inputs of a scene: true colour, and radar in dB, of each phase; of other phases the first band. */
export async function scenePictures(
  path: string,
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): Promise<ScenePictures> {
  const pictures: ReportPicture[] = [];
  const drawn: DrawnImage[] = [];
  const notes: string[] = [];
  try {
    await using reader = new SceneReader(await readScene(path), geobox);
    const phases = reader.phases.length === 0 ? [null] : reader.phases.slice(0, MOST_PHASES);
    if (reader.phases.length > MOST_PHASES)
      notes.push(`Of ${reader.phases.length} phases, the first ${MOST_PHASES} are drawn.`);
    for (const phase of phases) {
      for (const { kind, bands } of imagesOf(reader, phase)) {
        const title = phase === null ? kind : `${phase}: ${kind}`;
        try {
          pictures.push(await drawImage(reader, title, phase, bands, signal));
          drawn.push({ kind, phase });
        } catch (error) {
          if (!isTerrachipError(error)) throw error;
          notes.push(`The picture ${title} is left out, since ${messageOf(error)}`);
        }
      }
    }
  } catch (error) {
    if (!isTerrachipError(error)) throw error;
    notes.push(
      `The pictures of the inputs are left out, since the scene cannot be read: ${messageOf(error)}`,
    );
  }
  return { pictures, swipe: chooseSwipe(drawn), notes };
}

interface DrawnImage {
  readonly kind: string;
  readonly phase: string | null;
}

/**
 * Two phases of one kind of image: of radar where there is some, since clouds hide the ground in colours. The first phase,
 * and the one called event, else the last. Null where no kind has two phases.
 */
function chooseSwipe(drawn: readonly DrawnImage[]): [number, number] | null {
  const kinds = [...new Set(drawn.map(({ kind }) => kind))];
  const several = kinds.filter((kind) => drawn.filter((each) => each.kind === kind).length > 1);
  const chosen = several.find((kind) => kind.startsWith(RADAR)) ?? several[0];
  if (chosen === undefined) return null;
  const first = drawn.findIndex(({ kind }) => kind === chosen);
  const event = drawn.findIndex(({ kind, phase }, k) => kind === chosen && phase === 'event' && k > first);
  return [first, event < 0 ? drawn.findLastIndex(({ kind }) => kind === chosen) : event];
}

function imagesOf(reader: SceneReader, phase: string | null): { kind: string; bands: SceneBand[] }[] {
  const images: { kind: string; bands: SceneBand[] }[] = [];
  const colours = reader.find(phase, TRUE_COLOUR);
  if (colours !== null) images.push({ kind: 'true colour', bands: colours });
  for (const name of POLARISATIONS) {
    const radar = reader.find(phase, [name]);
    if (radar === null) continue;
    images.push({ kind: `${RADAR} ${name}`, bands: radar });
    break;
  }
  if (images.length > 0) return images;
  const [band] = reader.bands(phase);
  return band === undefined ? [] : [{ kind: `${band.input} ${band.band}`, bands: [band] }];
}

async function drawImage(
  reader: SceneReader,
  title: string,
  phase: string | null,
  bands: readonly SceneBand[],
  signal: AbortSignal | undefined,
): Promise<ReportPicture> {
  const planes: Float32Array[] = [];
  for (const band of bands) planes.push(await reader.read(band, signal));
  const clouds = bands.length === 3 && phase !== null ? await reader.clouds(phase, signal) : null;
  const stretches = planes.map((plane) => percentileStretch([plane], DEFAULT_PERCENTILES, [clouds]));
  const pixels = paint(planes, stretches, 'grey');
  const { width, height, pixelCount } = reader.geobox;
  const channels = planes.length === 3 ? [0, 1, 2, 3] : [0, 3];
  const packed = channels.map((channel) =>
    Uint8Array.from({ length: pixelCount }, (_, i) => pixels[4 * i + channel]),
  );
  const [{ band, tiles }] = bands;
  const isDecibels = tiles[0].units === 'linear_power' || tiles[0].units === 'dB';
  const [[low, high]] = stretches;
  return {
    title,
    pixels: packPlanes(packed, width, height),
    bar:
      planes.length === 3
        ? null
        : { label: isDecibels ? `${band} (dB)` : band, low: shortNumber(low), high: shortNumber(high) },
  };
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(3))).replace('-', '−');
}
