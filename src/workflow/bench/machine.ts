/** The machine and the adapter of a measurement. */
import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { probeAdapter } from '../../gpu/node/index.js';

/** The machine of a measurement. */
export interface Machine {
  processor: string;
  /** Cores that this process may use. */
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
  };
}

/** The WebGPU adapter of a measurement. */
export interface Adapter {
  vendor: string;
  architecture: string;
  device: string;
  /** The driver and its version, as NVIDIA's kernel module or the adapter says it. */
  driver: string;
}

/** The WebGPU adapter of this machine, or null for none. */
export async function describeGpu(): Promise<Adapter | null> {
  const probe = await probeAdapter();
  if (!probe.available) return null;
  const { vendor, architecture, device, description } = probe.info;
  const module = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  const nvidia = /nvidia/i.test(`${vendor} ${description}`) ? module.split('\n')[0].trim() : '';
  return { vendor, architecture, device, driver: nvidia || description };
}
