import { CLOUD_PLACES } from '../../workflow/choices.js';
import type { AcquiredPhase, AcquiredScene } from '../../workflow/index.js';
import { acquire } from '../../workflow/index.js';
import { parseChoice } from '../arguments.js';
import { argument, defineCommand, flag, option } from '../command.js';
import { outputOption } from '../shared-options.js';

export const acquireCommand = defineCommand(
  'acquire',
  'choose the scenes of an event for each phase, and write a manifest for infer or package',
  {
    event: argument('<event>', 'event file: the area, the dates and the data to find'),
    output: outputOption('<manifest>', 'manifest to write'),
    allowMissing: flag('--allow-missing', 'leave out a modality in a phase that has no scene of it'),
    likeSeed: flag(
      '--like-seed',
      'choose like the published flood notebook: one scene per phase, before or after the event',
    ),
    clouds: option(
      '--clouds <where>',
      'source of cloud cover: area reads the scene classification over the area, tile takes that of items (default area)',
      parseChoice(CLOUD_PLACES),
    ),
  },
  async (values, { output, ...operation }) => {
    const report = await acquire({ ...values, ...operation });
    output.result(report, [...report.phases.flatMap(linesOf), report.manifest].join('\n'));
  },
);

function linesOf({ phase, modality, scenes, covered }: AcquiredPhase): string[] {
  const head = `${modality}${phase === null ? '' : ` ${phase}`}: ${percent(100 * covered)} of the area`;
  return [head, ...scenes.map((scene) => `  ${sceneLine(scene)}`)];
}

function sceneLine({ id, datetime, overlap, cloud, fillsGaps }: AcquiredScene): string {
  const parts = [
    id,
    datetime?.slice(0, 10),
    percent(100 * overlap),
    cloud && `${percent(cloud.percent)} clouds over ${cloud.source === 'scl' ? 'the area' : 'its tile'}`,
    fillsGaps && 'fills gaps',
  ];
  return parts.filter((part) => typeof part === 'string').join(', ');
}

function percent(value: number): string {
  return `${value.toFixed(0)} %`;
}
