// The page: runs the warp of case.js and of a COG on WebGPU and on the CPU, and draws the COG on a canvas. Results are
// posted as raw bytes.
import { CpuBackend, RESAMPLINGS, WebGpuBackend } from 'terrachip/kernels';
import { runCase } from './case.js';
import { SCENE, warpScene } from './cog.js';
import { drawPlane } from './draw.js';

const send = (name, body) => fetch(`/results/${name}`, { method: 'POST', body });

async function runAll() {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('the browser has no WebGPU adapter');

  const webgpu = await WebGpuBackend.request(adapter);
  for (const resampling of RESAMPLINGS) await send(`webgpu-${resampling}`, await runCase(webgpu, resampling));
  const scene = await warpScene(webgpu, new URL(SCENE, location.href).href);
  await send('webgpu-cog', await webgpu.download(scene));
  await send('canvas', await drawPlane(webgpu.device, scene));
  webgpu.dispose();

  const cpu = new CpuBackend();
  for (const resampling of RESAMPLINGS) await send(`cpu-${resampling}`, await runCase(cpu, resampling));
  await send('cpu-cog', await cpu.download(await warpScene(cpu, new URL(SCENE, location.href).href)));
  cpu.dispose();

  // The second backend works only if the disposal of the first one has not destroyed the device.
  const device = await (await navigator.gpu.requestAdapter()).requestDevice();
  WebGpuBackend.adopt(device).dispose();
  await send('adopted-nearest', await runCase(WebGpuBackend.adopt(device), 'nearest'));
  device.destroy();

  await send('done', webgpu.info.adapter);
}

runAll().catch((error) => send('failed', `${error.stack ?? error}`));
