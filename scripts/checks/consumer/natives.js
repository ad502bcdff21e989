/** Packages with machine code, which bundlers cannot include; a project has them in node_modules. */
export const natives = ['webgpu', 'onnxruntime-node', 'onnxruntime-web/webgpu', 'sharp', '@napi-rs/lzma'];
