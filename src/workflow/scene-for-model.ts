/** Whether a scene has what a model needs, and the scene in the model's order. */
import { invalidInput, isTerrachipError } from '../errors.js';
import type { ModelInput, ModelSpec } from '../inference/node/index.js';
import { unitConversion } from '../raster/node/index.js';
import type { Units } from '../raster/units.js';
import type { Notes } from './scene-files.js';

/** A band of a scene; its units where they differ from those of its input. */
interface SceneBand {
  readonly units?: Units;
}

type Bands<Band> = Readonly<Record<string, Band>>;

/** An input of a scene: bands by phase, or without phases. */
export interface DraftInput<Band extends SceneBand> {
  readonly units: Units;
  readonly phases?: Readonly<Record<string, Bands<Band>>>;
  readonly static?: Bands<Band>;
}

/** The phases and inputs of a scene. */
export interface DraftScene<Band extends SceneBand> {
  readonly phases: readonly string[];
  readonly inputs: Readonly<Record<string, DraftInput<Band>>>;
}

/**
 * The scene with the model's inputs first, its inputs, phases and bands in the model's order. Where the number of phases is
 * the model's and their names are not, they get the model's names in their order.
 * @throws {TerrachipError} INVALID_INPUT that names all that is missing
 */
export function sceneForModel<Band extends SceneBand>(
  scene: DraftScene<Band>,
  { name, inputs, phases }: ModelSpec,
  notes: Notes,
): DraftScene<Band> {
  const isTemporal = inputs.some(({ kind }) => kind !== 'static');
  const named = isTemporal ? phasesOf(scene.phases, phases, notes) : new Map<string, string>();
  const missing = [
    ...(isTemporal ? phases.filter((phase) => !named.has(phase)).map((phase) => `the phase ${phase}`) : []),
    ...inputs.flatMap((input) => missingOf(scene, input, named)),
  ];
  if (missing.length > 0) {
    throw invalidInput(
      'the scene',
      `lacks what the model ${name} needs: ${missing.join('; ')}`,
      'give files of these, name them as INPUT@PHASE:BAND,BAND=FILE, or choose another model',
    );
  }
  const others = Object.keys(scene.inputs).filter((key) => inputs.every((input) => input.name !== key));
  if (others.length > 0) notes.add(`the model ${name} does not need ${others.join(', ')}`);
  const order = [...inputs.map((input) => input.name), ...others];
  const names = new Map([...named].map(([ofModel, ofScene]) => [ofScene, ofModel]));
  const wanted = (ofScene: string): string => names.get(ofScene) ?? ofScene;
  return {
    phases: [...new Set([...named.keys(), ...scene.phases.map(wanted)])],
    inputs: Object.fromEntries(
      order.map((key) => {
        const { phases: images, static: fixed, ...rest } = scene.inputs[key];
        const bands = inputs.find((input) => input.name === key)?.bands ?? [];
        const renamed = Object.entries(images ?? {}).map(
          ([phase, image]) => [wanted(phase), inOrder(image, bands)] as const,
        );
        const ordered = renamed.sort(([a], [b]) => phases.indexOf(a) - phases.indexOf(b));
        return [
          key,
          {
            ...rest,
            ...(images && { phases: Object.fromEntries(ordered) }),
            ...(fixed && { static: inOrder(fixed, bands) }),
          },
        ];
      }),
    ),
  };
}

/** The scene's phase of each phase of the model: by name, or in order where there are as many. */
function phasesOf(ofScene: readonly string[], ofModel: readonly string[], notes: Notes): Map<string, string> {
  const alike = ofModel.filter((phase) => ofScene.includes(phase));
  if (alike.length === ofModel.length || ofScene.length !== ofModel.length)
    return new Map(alike.map((phase) => [phase, phase]));
  notes.add(`its phases ${ofScene.join(', ')} are ${ofModel.join(', ')} of the model`);
  return new Map(ofModel.map((phase, k) => [phase, ofScene[k]]));
}

/** What an input of the model lacks, in words. */
function missingOf<Band extends SceneBand>(
  { inputs }: DraftScene<Band>,
  { name, bands, units, kind }: ModelInput,
  phases: ReadonlyMap<string, string>,
): string[] {
  const found = inputs[name];
  if (found === undefined) return [`${name} (${bands.join(', ')} in ${units})`];
  const images =
    kind === 'static'
      ? [['', found.static] as const]
      : [...phases].map(
          ([ofModel, ofScene]) => [` in the phase ${ofModel}`, found.phases?.[ofScene]] as const,
        );
  return images.flatMap(([where, image]) => {
    if (image === undefined) return [`${name}${where === '' ? ' without phases' : where}`];
    const lacks = bands.filter((band) => !Object.hasOwn(image, band));
    const own = new Set(bands.flatMap((band) => image[band] ?? []).map((each) => each.units ?? found.units));
    const unfit = [...own].filter((each) => !converts(each, units, name));
    return [
      ...(lacks.length === 0 ? [] : [`${lacks.join(', ')} of ${name}${where}`]),
      ...unfit.map((each) => `${name}${where} in ${units}, since it is in ${each}`),
    ];
  });
}

function converts(from: Units, to: Units, what: string): boolean {
  try {
    unitConversion(from, to, what);
    return true;
  } catch (error) {
    if (isTerrachipError(error)) return false;
    throw error;
  }
}

/** The bands of the model in its order, then others. */
function inOrder<Band>(image: Bands<Band>, bands: readonly string[]): Record<string, Band> {
  const others = Object.keys(image).filter((band) => !bands.includes(band));
  const wanted = bands.filter((band) => Object.hasOwn(image, band));
  return Object.fromEntries([...wanted, ...others].map((band) => [band, image[band]]));
}
