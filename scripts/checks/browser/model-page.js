// The page that maps a scene by a model on onnxruntime-web, with kernels on WebGPU and on the CPU.
import * as runtime from 'onnxruntime-web/wasm';
import { CpuBackend, WebGpuBackend } from 'terrachip/kernels';
import { mapImage, mapScene } from './model.js';

const send = (name, body) => fetch(`/results/${name}`, { method: 'POST', body });

async function runAll() {
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = { wasm: new URL('/runtime.wasm', location.href).href };
  const [document, graph] = [await fetch('/model.json'), await fetch('/model.onnx')];
  const model = { document: await document.json(), graph: new Uint8Array(await graph.arrayBuffer()) };
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('the browser has no WebGPU adapter');
  for (const backend of [await WebGpuBackend.request(adapter), new CpuBackend()]) {
    await send(`${backend.info.kind}-model`, await mapScene(backend, runtime, 'wasm', model));
    await send(`${backend.info.kind}-tensor`, await mapImage(backend, runtime, 'wasm', model));
    backend.dispose();
  }
  await send('done', 'onnxruntime-web');
}

runAll().catch((error) => send('failed', `${error.stack ?? error}`));
