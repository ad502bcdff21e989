// Counts values in bins of one width (src/kernels/percentiles.ts). Several histograms share the work, so that few
// invocations wait for one another.
//
// 0 values  read        float32
// 1 counts  read_write  u32 (group, bins + 2), zero at first: those below the range, each bin, those above

struct Parameters {
  nan_bits: u32,
  count: u32,
  groups: u32,
  bins: u32,
  low: f32,     // where the first bin begins, and the last ends
  high: f32,
  factor: f32,  // bins in two units
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
  var slot = parameters.bins + 1u;
  if (value < parameters.low) {
    slot = 0u;
  } else if (!(value > parameters.high)) {
    slot = 1u + min(parameters.bins - 1u, u32((0.5 * value - 0.5 * parameters.low) * parameters.factor));
  }
  let group = (index / 256u) % parameters.groups;
  atomicAdd(&counts[group * (parameters.bins + 2u) + slot], 1u);
}
