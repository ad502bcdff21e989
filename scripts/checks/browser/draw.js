// Draws a plane of values from its GPU buffer on a canvas: shades of grey, and blue for nodata.
import { BRIGHTEST, target } from './cog.js';

const CODE = /* wgsl */ `
@group(0) @binding(0) var<storage, read> values: array<f32>;

@vertex fn corners(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
  return vec4f(f32(i & 1u) * 4.0 - 1.0, f32(i >> 1u) * 4.0 - 1.0, 0.0, 1.0);
}

@fragment fn shade(@builtin(position) at: vec4f) -> @location(0) vec4f {
  let value = values[u32(at.y) * ${target.width}u + u32(at.x)];
  let isGap = (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
  return select(vec4f(vec3f(value / ${BRIGHTEST}.0), 1.0), vec4f(0.0, 0.0, 1.0, 1.0), isGap);
}`;

/** @returns {Promise<Uint8Array>} the RGBA pixels of the canvas */
export async function drawPlane(device, plane) {
  const canvas = Object.assign(document.createElement('canvas'), {
    width: target.width,
    height: target.height,
  });
  const context = canvas.getContext('webgpu');
  const format = 'rgba8unorm';
  // COPY_SRC, to read the picture back without the browser's compositor, which needs a GPU.
  const usage = GPUTextureUsage.RENDER_ATTACHMENT | GPUTextureUsage.COPY_SRC;
  context.configure({ device, format, usage, alphaMode: 'opaque' });
  const module = device.createShaderModule({ code: CODE });
  const pipeline = device.createRenderPipeline({
    layout: 'auto',
    vertex: { module },
    fragment: { module, targets: [{ format }] },
  });
  const encoder = device.createCommandEncoder();
  const texture = context.getCurrentTexture();
  const view = texture.createView();
  const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] });
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: plane.gpuBuffer() }];
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.draw(3);
  pass.end();
  const bytesPerRow = 256 * Math.ceil((4 * target.width) / 256);
  const size = bytesPerRow * target.height;
  const buffer = device.createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
  encoder.copyTextureToBuffer({ texture }, { buffer, bytesPerRow }, [target.width, target.height]);
  device.queue.submit([encoder.finish()]);
  await buffer.mapAsync(GPUMapMode.READ);
  const shown = new Uint8Array(4 * target.width * target.height);
  for (let y = 0; y < target.height; y++)
    shown.set(new Uint8Array(buffer.getMappedRange(y * bytesPerRow, 4 * target.width)), 4 * target.width * y);
  return shown;
}
