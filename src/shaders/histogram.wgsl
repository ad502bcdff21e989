// Counts values in bins of one width (src/kernels/percentiles.ts). Several histograms share the work, so that few
// invocations wait for one another.
//
// 0 values  read        float32
// 1 counts  read_write  u32 (group, bin), zero at first

struct Parameters {
  nan_bits: u32,
  count: u32,
  groups: u32,
  bins: u32,
  low: f32,     // where the first bin begins
  factor: f32,  // bins a unit
}

@group(0) @binding(0) var<storage, read> values: array<f32>;
@group(0) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  let value = values[index];
  if (!is_finite(value)) { return; }
  // Limited before it becomes an integer: values beyond the range count in the outermost bins.
  let position = clamp((value - parameters.low) * parameters.factor, 0.0, f32(parameters.bins - 1u));
  let group = (index / 256u) % parameters.groups;
  atomicAdd(&counts[group * parameters.bins + u32(position)], 1u);
}
