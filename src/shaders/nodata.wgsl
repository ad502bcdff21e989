// Stored values to float32 with NaN for no data (src/kernels/nodata.ts).
//
// 0 source       read   stored values, packed in words, little end first
// 1 destination  write  float32

struct Parameters {
  nan_bits: u32,
  count: u32,
  nodata_kind: u32,  // 0 none, 1 a value
  nodata_bits: u32,  // the value, as stored: sign-extended integer or float32 bits
  scale: f32,
  offset: f32,
}

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  destination[index] = stored_value(index);
}
