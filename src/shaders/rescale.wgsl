// Linear rescaling with limits, in place (src/kernels/rescale.ts).

// zero_is_missing 1: zero is no data

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
