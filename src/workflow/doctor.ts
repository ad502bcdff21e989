/** What this machine can run, and what would have to be installed for more. */
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
  /** The WebGPU adapter, or what stands in its way. */
  webgpu:
    | { available: true; adapter: string; adapterClass: 'hardware' | 'software' }
    | { available: false; problem: string; remedy: string };
  /** Providers of onnxruntime-node, or what stands in their way. */
  onnx: { available: true; providers: string[] } | { available: false; problem: string; remedy: string };
  /** What runs a model on the device of the kernels (provider `webgpu-resident`), or what stands in its way. */
  resident: { available: true } | { available: false; problem: string; remedy: string };
  /** Optional packages that read some formats of rasters and vectors, and some compressions of GeoTIFF. */
  readers: ReaderPackage[];
  /** What backend `auto` takes here. */
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

/** The model shares a WebGPU device, so that both packages are needed. */
function probeResident(webgpu: DoctorReport['webgpu']): DoctorReport['resident'] {
  const problem = onnxRuntimeWebProblem();
  if (problem !== null) return { available: false, problem: problem.message, remedy: problem.remedy };
  return webgpu.available ? { available: true } : webgpu;
}
