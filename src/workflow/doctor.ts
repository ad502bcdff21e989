/** What this machine can run, and which packages are missing. */
import { arch, availableParallelism, cpus, platform, totalmem } from 'node:os';
import { isTerrachipError, messageOf } from '../errors.js';
import { isSoftware } from '../gpu/index.js';
import { probeAdapter } from '../gpu/node/index.js';
import { availableProviders } from '../inference/node/onnx-runtime.js';
import { onnxRuntimeWebProblem } from '../inference/node/onnx-runtime-web.js';
import { probePackage, probeReaders, type ReaderPackage } from '../raster/node/packages.js';
import { GEODATABASE_PACKAGE } from '../vector/node/geodatabase.js';
import { VERSION } from '../version.js';

/** What this machine can run. */
export interface DoctorReport {
  terrachip: string;
  node: string;
  platform: string;
  processor: string;
  cores: number;
  memoryBytes: number;
  /** The WebGPU adapter, or why there is none. */
  webgpu:
    | { available: true; adapter: string; adapterClass: 'hardware' | 'software' }
    | { available: false; problem: string; remedy: string };
  /** Providers of onnxruntime-node, or why it cannot run. */
  onnx: { available: true; providers: string[] } | { available: false; problem: string; remedy: string };
  /** Whether a model can run on the device of the kernels (provider `webgpu-resident`), or why not. */
  resident: { available: true } | { available: false; problem: string; remedy: string };
  /** Optional packages for some raster and vector formats and some compressions of GeoTIFF. */
  readers: ReaderPackage[];
  /** The backend that backend `auto` uses here. */
  autoBackend: 'webgpu' | 'cpu';
}

export async function diagnose(): Promise<DoctorReport> {
  const probe = await probeAdapter();
  const webgpu: DoctorReport['webgpu'] = probe.available
    ? {
        available: true,
        adapter: probe.info.description || probe.info.device,
        adapterClass: isSoftware(probe.info) ? 'software' : 'hardware',
      }
    : probe;
  return {
    terrachip: VERSION,
    node: process.version,
    platform: `${platform()}-${arch()}`,
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    webgpu,
    onnx: await probeOnnx(),
    resident: probeResident(webgpu),
    readers: [...(await probeReaders()), await probePackage(GEODATABASE_PACKAGE, ['FileGDB'])],
    autoBackend: webgpu.available && webgpu.adapterClass === 'hardware' ? 'webgpu' : 'cpu',
  };
}

async function probeOnnx(): Promise<DoctorReport['onnx']> {
  try {
    return { available: true, providers: await availableProviders() };
  } catch (error) {
    return {
      available: false,
      problem: messageOf(error),
      remedy: isTerrachipError(error) ? error.remedy : 'see the message',
    };
  }
}

/** `webgpu-resident` needs onnxruntime-web and a WebGPU device. */
function probeResident(webgpu: DoctorReport['webgpu']): DoctorReport['resident'] {
  const problem = onnxRuntimeWebProblem();
  if (problem !== null) return { available: false, problem: problem.message, remedy: problem.remedy };
  return webgpu.available ? { available: true } : webgpu;
}
