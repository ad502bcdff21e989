// One straight line for every value, then two limits (src/kernels/rescale.ts), in place.
//
// 0 values  read_write  float32

struct Parameters {
  nan_bits: u32,
  count: u32,
  first: u32,   // index of the first value
  origin: f32,  // y = (x - origin) * factor
  factor: f32,
  low: f32,
  high: f32,
}

@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@group(0) @binding(1) var<uniform> parameters: Parameters;

// 1: zero is no data
override zero_is_missing: u32;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (flat_index(id) >= parameters.count) { return; }
  let index = parameters.first + flat_index(id);
  let value = values[index];
  if (!is_finite(value) || (zero_is_missing == 1u && value == 0.0)) {
    values[index] = missing();
    return;
  }
  let scaled = (value - parameters.origin) * parameters.factor;
  values[index] = min(max(scaled, parameters.low), parameters.high);
}
