/**
 * Baselines for a map: simple rules without a model. A model that does not beat them is of no use, however high its
 * accuracy.
 */
import { isTerrachipError } from '../../errors.js';
import { type GeoBox, gridStrips, type RowRange } from '../../geo/index.js';
import { CpuBackend } from '../../gpu/index.js';
import { RowReader, unitConversion } from '../../raster/node/index.js';
import { Resource } from '../../resource.js';
import { MosaicRows, type MosaicTile, tilesOnGrid } from '../mosaic-rows.js';
import type { Plan } from '../plan.js';
import { type BandTile, type Mosaic, phasesOf, readScene, type Scene, tilesOf } from '../scene.js';
import { SceneRasters } from '../scene-rasters.js';
import { Histogram, otsuThreshold } from './otsu.js';

/** A rule that predicts the positive class (water). */
export interface Baseline {
  readonly name: string;
  readonly title: string;
  readonly formula: string;
  readonly threshold: number;
  readonly unit: string | null;
  /** (row, x): 1 for the class, 0 for others, NaN for no data. */
  predict(rows: RowRange, signal?: AbortSignal): Promise<Float32Array>;
}

/** A rule whose threshold may be unknown. */
interface Rule {
  name: string;
  title: string;
  formula: string;
  unit: string | null;
  /** The side of the threshold on which the class is. */
  side: 'below' | 'above';
  /** A number, or an empty histogram for Otsu's method over the whole scene. */
  threshold: number | (() => Histogram);
  inputs: readonly { band: string; phase: 'event' | 'before'; units: 'dB' | 'optical' }[];
  combine: (values: readonly Float32Array[]) => Float32Array;
}

const RULES: readonly Rule[] = [
  {
    name: 'otsu-vv',
    title: 'Otsu on VV',
    formula: 'VV(event) < threshold; the threshold by Otsu over the scene, bins of 0.1 dB from −50 to 20 dB',
    unit: 'dB',
    side: 'below',
    threshold: () => new Histogram(-50, 20, 10),
    inputs: [{ band: 'VV', phase: 'event', units: 'dB' }],
    combine: ([vv]) => vv,
  },
  {
    name: 'vv-drop',
    title: 'Otsu on the VV change',
    formula:
      'VV(event) − VV(before) < threshold; the threshold by Otsu over the scene, bins of 0.1 dB from −30 to 30 dB',
    unit: 'dB',
    side: 'below',
    threshold: () => new Histogram(-30, 30, 10),
    inputs: [
      { band: 'VV', phase: 'event', units: 'dB' },
      { band: 'VV', phase: 'before', units: 'dB' },
    ],
    combine: ([event, before]) => event.map((value, i) => value - before[i]),
  },
  {
    name: 'ndwi',
    title: 'NDWI above 0',
    formula:
      '(B03 − B08) / (B03 + B08) > 0 in the event phase (McFeeters 1996, doi:10.1080/01431169608948714)',
    unit: null,
    side: 'above',
    threshold: 0,
    inputs: [
      { band: 'B03', phase: 'event', units: 'optical' },
      { band: 'B08', phase: 'event', units: 'optical' },
    ],
    combine: ([green, nir]) => green.map((value, i) => (value - nir[i]) / (value + nir[i])),
  },
];

/** The baselines of a scene, and those that lack data, with the reason. Close when done. */
export interface OpenBaselines {
  readonly baselines: readonly Baseline[];
  readonly leftOut: readonly { name: string; reason: string }[];
  dispose(): Promise<void>;
}

/** Opens the rasters of a map's scene and determines the thresholds, in one pass over the scene per rule. */
export async function openBaselines(
  plan: Plan,
  geobox: GeoBox,
  scenePath: string | undefined,
  signal?: AbortSignal,
): Promise<OpenBaselines> {
  const leftOut: { name: string; reason: string }[] = [];
  const baselines: Baseline[] = [];
  let scene: Scene;
  try {
    scene = await readScene(scenePath ?? plan.scene.path);
  } catch (error) {
    // The map's own scene may be gone by now. A scene that the caller names must exist.
    if (scenePath !== undefined || !isTerrachipError(error)) throw error;
    return {
      baselines,
      leftOut: RULES.map(({ name }) => ({ name, reason: error.message })),
      dispose: async () => undefined,
    };
  }
  const layers = new SceneLayers(scene, plan, geobox, signal);
  try {
    for (const rule of RULES) {
      const prepared = await prepare(rule, layers, geobox, signal);
      if (typeof prepared === 'string') leftOut.push({ name: rule.name, reason: prepared });
      else baselines.push(prepared);
    }
  } catch (error) {
    await layers.dispose();
    throw error;
  }
  return { baselines, leftOut, dispose: () => layers.dispose() };
}

/** A rule with its threshold, or the reason why it cannot be used. */
async function prepare(
  rule: Rule,
  layers: SceneLayers,
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): Promise<Baseline | string> {
  const inputs: RowReader[] = [];
  for (const { band, phase, units } of rule.inputs) {
    const layer = await layers.layer(band, phase, units);
    if (typeof layer === 'string') return layer;
    inputs.push(layer);
  }
  const values = async (rows: RowRange): Promise<Float32Array> => {
    const planes: Float32Array[] = [];
    for (const input of inputs) planes.push((await input.read(rows, signal))[0]);
    return rule.combine(planes);
  };
  const threshold =
    typeof rule.threshold === 'number'
      ? rule.threshold
      : await findThreshold(rule.threshold(), values, geobox, signal);
  if (threshold === null) return 'its values do not vary over the map';
  const predict = async (rows: RowRange): Promise<Float32Array> =>
    (await values(rows)).map((value) => {
      if (Number.isNaN(value)) return Number.NaN;
      return (rule.side === 'below' ? value < threshold : value > threshold) ? 1 : 0;
    });
  const { name, title, formula, unit } = rule;
  return { name, title, formula, unit, threshold, predict };
}

async function findThreshold(
  histogram: Histogram,
  values: (rows: RowRange) => Promise<Float32Array>,
  geobox: GeoBox,
  signal: AbortSignal | undefined,
): Promise<number | null> {
  for (const rows of gridStrips(geobox)) {
    signal?.throwIfAborted();
    histogram.add(await values(rows));
  }
  return otsuThreshold(histogram);
}

/** Bands of a scene on the map's grid, each opened once. */
class SceneLayers extends Resource {
  readonly #backend = new CpuBackend();
  readonly #rasters: SceneRasters;
  readonly #opened = new Map<string, RowReader>();

  constructor(
    readonly scene: Scene,
    readonly plan: Plan,
    readonly geobox: GeoBox,
    readonly signal: AbortSignal | undefined,
  ) {
    super();
    this.#rasters = new SceneRasters(geobox);
  }

  /** A radar band in dB, or an optical band without offset; or the reason why there is none. */
  async layer(band: string, phase: 'event' | 'before', units: 'dB' | 'optical'): Promise<RowReader | string> {
    const scenePhase = scenePhaseOf(this.scene, this.plan, phase);
    if (scenePhase === null)
      return phase === 'event' ? 'the scene has no event phase' : 'the scene has no phase before the event';
    for (const [name, input] of Object.entries(this.scene.document.inputs)) {
      const source = input.phases?.[scenePhase]?.[band];
      if (source === undefined) continue;
      const tiles = tilesOf(this.scene, source, input.units);
      const key = JSON.stringify([tiles, units]);
      try {
        const layer = this.#opened.get(key) ?? (await this.#open(name, tiles, input.mosaic, units));
        this.#opened.set(key, layer);
        return layer;
      } catch (error) {
        if (!isTerrachipError(error)) throw error;
        return error.message;
      }
    }
    return `the scene has no ${band} in phase ${scenePhase}`;
  }

  async #open(
    input: string,
    tiles: readonly BandTile[],
    method: Mosaic | undefined,
    units: 'dB' | 'optical',
  ): Promise<RowReader> {
    const { geobox, signal } = this;
    // A ratio of optical bands does not depend on their scale, but on their offset.
    const optical = tiles.every((tile) => tile.units === 'reflectance') ? 'reflectance' : 'dn_harmonised';
    const wanted = units === 'dB' ? 'dB' : optical;
    const opened: MosaicTile[] = [];
    for (const tile of tiles) {
      const raster = await this.#rasters.openBand(tile, signal);
      opened.push({ raster, bands: [tile.band], convert: unitConversion(tile.units, wanted, input) });
    }
    const near = tilesOnGrid(opened, geobox, 'the map');
    const rows = new MosaicRows(this.#backend, near, { geobox, resampling: 'bilinear', method });
    return new RowReader(this.#backend, rows);
  }

  async dispose(): Promise<void> {
    for (const layer of this.#opened.values()) layer.dispose();
    this.#backend.dispose();
    await this.#rasters.dispose();
  }
}

/** The phase's name in the scene: from the plan, by its own name, or the only phase of the scene. */
function scenePhaseOf(scene: Scene, plan: Plan, phase: 'event' | 'before'): string | null {
  const names = phasesOf(scene);
  for (const name of phase === 'event' ? ['event'] : ['pre_event', 'pre_month']) {
    const planned = plan.images.find((image) => image.phase === name)?.scenePhase;
    if (planned !== null && planned !== undefined && names.has(planned)) return planned;
    if (names.has(name)) return name;
  }
  return phase === 'event' && names.size === 1 ? [...names][0] : null;
}
