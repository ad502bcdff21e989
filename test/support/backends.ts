import { afterAll, describe } from 'vitest';
import { type Backend, CpuBackend } from '../../src/gpu/index.js';
import { createNodeWebGpuBackend, probeAdapter } from '../../src/gpu/node/index.js';

const probe = await probeAdapter();

/** Why WebGPU tests cannot run here, or null. With TERRACHIP_REQUIRE_WEBGPU=1 a missing adapter is a failure. */
export const webgpuProblem = probe.available ? null : probe.problem;

if (process.env.TERRACHIP_REQUIRE_WEBGPU === '1' && webgpuProblem !== null) {
  throw new Error(`TERRACHIP_REQUIRE_WEBGPU is set, but ${webgpuProblem}`);
}

/** Runs a suite once per backend; call `get` inside tests. */
export function describeBackends(name: string, suite: (get: () => Backend) => void): void {
  describe(`${name} (cpu)`, () => {
    const backend = new CpuBackend();
    afterAll(() => backend.dispose());
    suite(() => backend);
  });
  describe.skipIf(webgpuProblem !== null)(`${name} (webgpu)`, () => {
    suite(sharedWebGpu);
  });
}

const shared = webgpuProblem === null ? await createNodeWebGpuBackend() : null;

/** The WebGPU backend of all test files in this process. It is released with the process. */
export function sharedWebGpu(): Backend {
  if (shared === null) throw new Error(webgpuProblem ?? 'no WebGPU backend');
  return shared;
}
