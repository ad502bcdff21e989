import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { chooseGpu, verifyGpu } from '../../src/cli/gpu.js';
import { temporaryFolder } from '../support/files.js';

const NAME = 'NVIDIA A100-SXM4-40GB';
const line = (k: number): string => `${k}, GPU-${k}${k}aa, 00000000:${4 + k}1:00.0, ${NAME}, 550.54.15`;
const listing = (count: number): string => Array.from({ length: count }, (_, k) => `${line(k)}\n`).join('');
const choose = (count: number, env: Record<string, string>) => chooseGpu(env, async () => listing(count));
const task = (rank: number, perNode: string) => ({
  SLURM_STEP_ID: '0',
  SLURM_LOCALID: String(rank),
  SLURM_STEP_TASKS_PER_NODE: perNode,
});

describe('the GPU of a process', () => {
  const cases: [string, number, Record<string, string>, number][] = [
    ['the only one that is given', 4, { CUDA_VISIBLE_DEVICES: '2' }, 2],
    ['the only one that is given to each task', 4, { CUDA_VISIBLE_DEVICES: '3', ...task(1, '4') }, 3],
    ['by the local rank in those of the node', 4, { CUDA_VISIBLE_DEVICES: '1,3', ...task(1, '2(x4)') }, 3],
    ['by a UUID', 4, { CUDA_VISIBLE_DEVICES: 'GPU-11' }, 1],
    ['of torchrun', 4, { LOCAL_RANK: '2', LOCAL_WORLD_SIZE: '4' }, 2],
    ['of Open MPI', 2, { OMPI_COMM_WORLD_LOCAL_RANK: '1', OMPI_COMM_WORLD_LOCAL_SIZE: '2' }, 1],
    ['of a batch script with several', 4, { CUDA_VISIBLE_DEVICES: '1,2', SLURM_LOCALID: '0' }, 1],
  ];
  it.each(cases)('is %s', async (_, count, env, k) => {
    expect(await choose(count, env)).toEqual({
      gpu: { uuid: `GPU-${k}${k}aa`, pci: `0000:${4 + k}1:00.0`, name: NAME, driver: '550.54.15' },
      variables: { CUDA_VISIBLE_DEVICES: `GPU-${k}${k}aa`, DRI_PRIME: `pci-0000_${4 + k}1_00_0!` },
    });
  });

  it('needs no choice on a node with one visible GPU', async () => {
    const chosen = await choose(1, { CUDA_VISIBLE_DEVICES: '0', ...task(0, '4') });
    expect(chosen?.variables).toEqual({ CUDA_VISIBLE_DEVICES: 'GPU-00aa' });
  });

  it('is not chosen without a workload manager or an NVIDIA card, or against the user', async () => {
    expect(await choose(4, {})).toBeNull();
    expect(await choose(0, { CUDA_VISIBLE_DEVICES: '0' })).toBeNull();
    expect(await choose(4, { CUDA_VISIBLE_DEVICES: '1', DRI_PRIME: 'pci-0000_41_00_0!' })).toBeNull();
    expect(await choose(4, { CUDA_VISIBLE_DEVICES: 'MIG-0a' })).toBeNull();
    expect(await chooseGpu({ CUDA_VISIBLE_DEVICES: '0' }, async () => null)).toBeNull();
  });

  it('is not shared by processes of a node', async () => {
    await expect(choose(4, { CUDA_VISIBLE_DEVICES: '0,1', ...task(0, '4') })).rejects.toThrow(
      /^CUDA_VISIBLE_DEVICES has 2 GPUs for 4 processes, which would share them; start as many/,
    );
    await expect(choose(2, { LOCAL_RANK: '2' })).rejects.toThrow(/the node has 2 GPUs for 3 processes/);
    await expect(choose(2, { CUDA_VISIBLE_DEVICES: '5' })).rejects.toThrow(
      /CUDA_VISIBLE_DEVICES names 5, which nvidia-smi does not list; .* it lists 0, 1\./,
    );
  });

  it('is found by nvidia-smi', async () => {
    const folder = await temporaryFolder();
    const program = join(folder, 'nvidia-smi');
    const query = '--query-gpu=index,uuid,pci.bus_id,name,driver_version --format=csv,noheader';
    await writeFile(program, `#!/bin/sh\n[ "$*" = "${query}" ] && echo '${line(0)}' && echo '${line(1)}'\n`);
    await chmod(program, 0o755);
    const env = { PATH: `${folder}:/usr/bin:/bin`, CUDA_VISIBLE_DEVICES: '1' };
    expect((await chooseGpu(env))?.gpu.pci).toBe('0000:51:00.0');
    expect(await chooseGpu({ PATH: join(folder, 'none'), CUDA_VISIBLE_DEVICES: '1' })).toBeNull();
  });
});

describe('the device of a process', () => {
  const gpu = { uuid: 'GPU-11aa', pci: '0000:51:00.0', name: NAME, driver: '550.54.15' };
  const verify = (device: string | undefined, listed: string | null) =>
    verifyGpu(gpu, { adapterClass: 'hardware', device }, {}, async () => listed);
  const own = (uuid: string): string => `12, GPU-00aa\n${process.pid}, ${uuid}\n`;

  it('is verified by the process list of nvidia-smi, else by its name', async () => {
    const name = 'nvidia-a100-sxm4-40gb';
    expect(await verify(name, own('GPU-11aa'))).toEqual({ ...gpu, verifiedBy: 'process' });
    expect(await verify(name, '12, GPU-00aa\n')).toEqual({ ...gpu, verifiedBy: 'name' });
    expect(await verify(name, null)).toEqual({ ...gpu, verifiedBy: 'name' });
    // Neither is available.
    expect(await verify('0x20b0', null)).toEqual(gpu);
    expect(await verify(undefined, '')).toEqual(gpu);
  });

  it('on another GPU is refused, with both names', async () => {
    await expect(verify('nvidia-a100-sxm4-40gb', own('GPU-00aa'))).rejects.toThrow(
      `the device of this process is on GPU-00aa, and ${NAME} at 0000:51:00.0 (GPU-11aa) was chosen; give each process`,
    );
    await expect(verify('amd-radeon-graphics', null)).rejects.toMatchObject({
      exitStatus: 2,
      message: expect.stringContaining(`is on amd-radeon-graphics, and ${NAME} at 0000:51:00.0`),
    });
  });

  it('without a GPU is none', async () => {
    const software = { adapterClass: 'software', device: 'llvmpipe' } as const;
    expect(await verifyGpu(gpu, software, {}, async () => null)).toBeNull();
  });
});
