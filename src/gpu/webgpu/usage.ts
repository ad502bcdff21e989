/** `GPUBufferUsage` of the WebGPU specification, a global that Node lacks. */
export const BUFFER_USAGE = {
  MAP_READ: 0x0001,
  COPY_SRC: 0x0004,
  COPY_DST: 0x0008,
  UNIFORM: 0x0040,
  STORAGE: 0x0080,
} as const;

/** `GPUMapMode.READ`. */
export const MAP_READ = 1;

/** `GPUShaderStage.COMPUTE`. */
export const COMPUTE_STAGE = 4;
