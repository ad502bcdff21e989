// Takes values away where a mask says so (src/kernels/mask-values.ts), in place.
//
// 0 values  read_write  float32, one plane or more
// 1 mask    read        uint8 in words, for a plane

struct Parameters {
  nan_bits: u32,
  count: u32,   // values
  pixels: u32,  // of the mask
}

@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@group(0) @binding(1) var<storage, read> mask: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// 0: where the mask is 0, 1: where it is not
override where_set: u32;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  let pixel = index % parameters.pixels;
  let is_set = extractBits(mask[pixel >> 2u], 8u * (pixel & 3u), 8u) != 0u;
  if (is_set == (where_set == 1u)) { values[index] = missing(); }
}
