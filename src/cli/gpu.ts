/**
 * The GPU of this process on a node with several. Vulkan ignores CUDA_VISIBLE_DEVICES and takes the first card in every
 * process; so the card that the engine gave is looked up by nvidia-smi and named to Vulkan by its place on the bus.
 */
import { execFile } from 'node:child_process';
import { invalidOption } from '../errors.js';
import type { GpuIdentity } from '../workflow/index.js';
import { parseCount } from './arguments.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** A GPU, and the variables that make Vulkan and CUDA take no other one. */
export interface ChosenGpu {
  readonly gpu: GpuIdentity;
  readonly variables: Readonly<Record<string, string>>;
}

/** Numbers of a process on its node, by engine; for each, how many there are on the node. */
const LOCAL_RANKS = [
  ['SLURM_LOCALID', 'SLURM_STEP_TASKS_PER_NODE'],
  ['LOCAL_RANK', 'LOCAL_WORLD_SIZE'],
  ['OMPI_COMM_WORLD_LOCAL_RANK', 'OMPI_COMM_WORLD_LOCAL_SIZE'],
  ['MPI_LOCALRANKID', 'MPI_LOCALNRANKS'],
  ['FLUX_TASK_LOCAL_ID', ''],
] as const;

/**
 * Chooses the GPU; null where the engine gives none, there is no NVIDIA card, or `DRI_PRIME` chooses already.
 * @param list what nvidia-smi lists; null where it cannot be run
 * @throws {TerrachipError} INVALID_OPTION where processes of the node would share a GPU, and for one that is not there
 */
export async function chooseGpu(
  env: Environment,
  list: () => Promise<string | null> = () => listGpus(env),
): Promise<ChosenGpu | null> {
  const given = env.CUDA_VISIBLE_DEVICES?.trim() ?? '';
  const names = given.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
  const local = localRank(env);
  if (names.length === 0 && local === null) return null;
  // A part of a card by MIG has no Vulkan, and a choice of the user holds.
  if (names.some((name) => name.startsWith('MIG-')) || (env.DRI_PRIME ?? '') !== '') return null;
  const listed = await list();
  const all = listed === null ? [] : parseGpus(listed);
  if (all.length === 0) return null;
  const candidates = names.length === 0 ? all : names.map((name) => findGpu(name, all));
  // The engine gave one card to this process alone, or some to all processes of the node.
  const isOwn = names.length === 1;
  const { rank, count } = isOwn || local === null ? { rank: 0, count: 1 } : local;
  if (count > candidates.length || rank >= candidates.length) {
    throw invalidOption(
      names.length === 0 ? 'the node' : 'CUDA_VISIBLE_DEVICES',
      `has ${candidates.length} GPUs for ${Math.max(count, rank + 1)} processes, which would share them`,
      'start as many processes as GPUs, such as by --gpus-per-task=1',
    );
  }
  const { index, ...gpu } = candidates[rank];
  return {
    gpu,
    variables: {
      CUDA_VISIBLE_DEVICES: gpu.uuid,
      // The sign ! hides all other cards.
      ...(all.length === 1 ? {} : { DRI_PRIME: `pci-${gpu.pci.replace(/[:.]/g, '_')}!` }),
    },
  };
}

/** This process among those of its node, in a step of several processes. */
function localRank(env: Environment): { rank: number; count: number } | null {
  for (const [variable, size] of LOCAL_RANKS) {
    const text = env[variable] ?? '';
    // The batch script of Slurm has the number of the first task too.
    if (text === '' || (variable === 'SLURM_LOCALID' && (env.SLURM_STEP_ID ?? '') === '')) continue;
    const rank = parseCount(0)(text, variable);
    // Slurm writes `4(x2)` for two nodes of four; of nodes that differ, the count is not known.
    const count = /^(\d+)(?:\(x\d+\))?$/.exec(env[size] ?? '')?.[1];
    return { rank, count: count === undefined ? rank + 1 : Number(count) };
  }
  return null;
}

interface ListedGpu extends GpuIdentity {
  readonly index: string;
}

/** @param text lines of `index, uuid, pci.bus_id, name, driver_version` */
function parseGpus(text: string): ListedGpu[] {
  return text.split('\n').flatMap((line) => {
    const [index, uuid, bus = '', name = '', driver = ''] = line.split(',').map((cell) => cell.trim());
    // nvidia-smi writes eight digits of the domain, Linux four.
    const [, pci] = /^(?:[0-9a-f]{4})?([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])$/i.exec(bus) ?? [];
    return pci === undefined ? [] : [{ index, uuid, pci: pci.toLowerCase(), name, driver }];
  });
}

/** A card by its number or its UUID, which may be cut off. */
function findGpu(name: string, all: readonly ListedGpu[]): ListedGpu {
  const found = all.find(
    ({ index, uuid }) => index === name || (name.startsWith('GPU-') && uuid.startsWith(name)),
  );
  if (found !== undefined) return found;
  const known = all.map(({ index }) => index).join(', ');
  throw invalidOption(
    'CUDA_VISIBLE_DEVICES',
    `names ${name}, which nvidia-smi does not list`,
    `check what the job was given: it lists ${known}`,
  );
}

function listGpus({ PATH }: Environment): Promise<string | null> {
  const query = ['--query-gpu=index,uuid,pci.bus_id,name,driver_version', '--format=csv,noheader'];
  return new Promise((done) => {
    const env = PATH === undefined ? {} : { PATH };
    execFile('nvidia-smi', query, { env, timeout: 30_000 }, (error, stdout) =>
      done(error === null ? stdout : null),
    );
  });
}
