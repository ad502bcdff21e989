/** Models of the site, on onnxruntime-web. */
import { type MapSpec, ModelSession, type OnnxRuntime, parseModelSpec } from 'terrachip/inference';
import { requestBody, requestJson } from 'terrachip/io';
import { isMapSpec } from '../src/inference/model-spec.js';

/** The runtime's modules of WebAssembly, beside the page. */
const MODULES = { wasm: 'ort-wasm-simd-threaded.wasm', webgpu: 'ort-wasm-simd-threaded.asyncify.wasm' };

async function loadRuntime(provider: 'webgpu' | 'wasm'): Promise<OnnxRuntime> {
  const runtime = await (provider === 'webgpu'
    ? import('onnxruntime-web/webgpu')
    : import('onnxruntime-web/wasm'));
  // More threads would need memory that pages without special headers cannot share.
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = { wasm: new URL(`runtime/${MODULES[provider]}`, self.location.href).href };
  return runtime;
}

/** The card of a model in a folder of the site. */
export async function readSpec(folder: string): Promise<MapSpec> {
  const url = new URL(`${folder}/model.json`, self.location.href).href;
  const spec = parseModelSpec((await requestJson(url)).document, 'model.json');
  if (!isMapSpec(spec)) throw new Error(`${spec.name} makes no maps`);
  return spec;
}

export async function openModel(folder: string, provider: 'webgpu' | 'wasm'): Promise<ModelSession<MapSpec>> {
  const spec = await readSpec(folder);
  const { body } = await requestBody(new URL(`${folder}/model.onnx`, self.location.href).href);
  return ModelSession.create(await loadRuntime(provider), body, spec, { provider });
}
