import { linearToDecibel, stretch, WebGpuBackend } from 'terrachip/kernels';

const shader = (width: number) => /* wgsl */ `
  @group(0) @binding(0) var<storage, read> values: array<f32>;
  @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
    return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
  }
  @fragment fn shade(@builtin(position) at: vec4f) -> @location(0) vec4f {
    return vec4f(vec3f(values[u32(at.y) * ${width}u + u32(at.x)]), 1.0);
  }`;

/** Draws radar backscatter (linear power, row by row) on a canvas with a `webgpu` context: -25 dB black, 0 dB white. */
export function drawBackscatter(device: GPUDevice, context: GPUCanvasContext, power: Float32Array): void {
  const backend = WebGpuBackend.adopt(device);
  const plane = backend.upload(power);
  linearToDecibel(backend, plane);
  stretch(backend, plane, { low: -25, high: 0 });
  context.configure({ device, format: 'rgba8unorm' });
  const target = context.getCurrentTexture();
  const module = device.createShaderModule({ code: shader(target.width) });
  const fragment = { module, targets: [{ format: 'rgba8unorm' as const }] };
  const pipeline = device.createRenderPipeline({ layout: 'auto', vertex: { module }, fragment });
  const encoder = device.createCommandEncoder();
  const view = target.createView();
  const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] });
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: plane.gpuBuffer() }];
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.draw(3);
  pass.end();
  device.queue.submit([encoder.finish()]);
}
