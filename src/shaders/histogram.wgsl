// Counts values in bins of equal width (src/kernels/percentiles.ts). Several histograms reduce contention of atomics.

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
