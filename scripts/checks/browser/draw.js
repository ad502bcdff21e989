// Draws a plane of values on a canvas from the buffer that it lies in: shades of grey, and blue for no data.
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

/** @returns {Uint8ClampedArray} what the canvas shows: red, green, blue and opacity of each pixel */
export function drawPlane(device, plane) {
  const canvas = Object.assign(document.createElement('canvas'), {
    width: target.width,
    height: target.height,
  });
  document.body.append(canvas);
  const context = canvas.getContext('webgpu');
  const format = navigator.gpu.getPreferredCanvasFormat();
  context.configure({ device, format, alphaMode: 'opaque' });
  const module = device.createShaderModule({ code: CODE });
  const pipeline = device.createRenderPipeline({
    layout: 'auto',
    vertex: { module },
    fragment: { module, targets: [{ format }] },
  });
  const encoder = device.createCommandEncoder();
  const view = context.getCurrentTexture().createView();
  const pass = encoder.beginRenderPass({ colorAttachments: [{ view, loadOp: 'clear', storeOp: 'store' }] });
  pass.setPipeline(pipeline);
  const entries = [{ binding: 0, resource: plane.gpuBuffer() }];
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.draw(3);
  pass.end();
  device.queue.submit([encoder.finish()]);
  // In the same task, as long as the canvas still has the picture.
  const copy = new OffscreenCanvas(target.width, target.height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  return copy.getImageData(0, 0, target.width, target.height).data;
}
