/**
 * The GPU of this process on a node with several. Vulkan ignores CUDA_VISIBLE_DEVICES and takes the first card in every
 * process; so the card that the engine gave is looked up by nvidia-smi and named to Vulkan by its place on the bus.
 */
import { execFile } from 'node:child_process';
import { invalidInput, invalidOption, type TerrachipError } from '../errors.js';
import type { BackendInfo } from '../gpu/index.js';
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
  return nvidiaSmi(['--query-gpu=index,uuid,pci.bus_id,name,driver_version'], PATH);
}

/** @returns the lines that nvidia-smi writes; null where it cannot be run */
function nvidiaSmi(query: readonly string[], PATH: string | undefined): Promise<string | null> {
  return new Promise((done) => {
    const env = PATH === undefined ? {} : { PATH };
    const options = { env, timeout: 30_000 };
    execFile('nvidia-smi', [...query, '--format=csv,noheader'], options, (error, stdout) =>
      done(error === null ? stdout : null),
    );
  });
}

/**
 * Verifies that a device is on the GPU that was chosen: by the processes that nvidia-smi lists, else by the device's name.
 * @param list what nvidia-smi lists, lines of `pid, gpu_uuid`; null where it cannot be run
 * @returns null for a device that is no GPU
 * @throws {TerrachipError} INVALID_INPUT for a device on another GPU
 */
export async function verifyGpu(
  gpu: GpuIdentity,
  { adapterClass, device = '' }: Pick<BackendInfo, 'adapterClass' | 'device'>,
  env: Environment,
  list: () => Promise<string | null> = () => nvidiaSmi(['--query-compute-apps=pid,gpu_uuid'], env.PATH),
): Promise<GpuIdentity | null> {
  if (adapterClass !== 'hardware') return null;
  const lines = ((await list()) ?? '').split('\n').map((line) => line.split(',').map((cell) => cell.trim()));
  const own = lines.flatMap(([pid, uuid = '']) => (pid === String(process.pid) && uuid !== '' ? [uuid] : []));
  if (own.includes(gpu.uuid)) return { ...gpu, verifiedBy: 'process' };
  if (own.length > 0) throw otherGpu(own.join(' and '), gpu);
  const [found, wanted] = [device, gpu.name].map((name) => name.toLowerCase().replace(/[^a-z0-9]/g, ''));
  // Some drivers give a number in place of a name.
  if (/^(0x)?[0-9a-f]*$/.test(found)) return gpu;
  if (found.includes(wanted) || wanted.includes(found)) return { ...gpu, verifiedBy: 'name' };
  throw otherGpu(device, gpu);
}

function otherGpu(found: string, { uuid, pci, name }: GpuIdentity): TerrachipError {
  return invalidInput(
    'the device of this process',
    `is on ${found}, and ${name} at ${pci} (${uuid}) was chosen`,
    'give each process one GPU, such as by --gpus-per-task=1, or choose it by DRI_PRIME',
  );
}
