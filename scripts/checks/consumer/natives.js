/** Packages with machine code, which no bundler takes; a project has them in node_modules. */
export const natives = ['webgpu', 'onnxruntime-node', 'onnxruntime-web/webgpu', 'sharp', '@napi-rs/lzma'];
