// Minimum, maximum and number of the finite values (src/kernels/percentiles.ts); each invocation handles a share.

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let lane = flat_index(id);
  if (lane >= parameters.lanes) { return; }
  var least = 0.0;
  var greatest = 0.0;
  var valid = 0u;
  for (var index = lane; index < parameters.count; index += parameters.lanes) {
    let value = values[index];
    if (!is_finite(value)) { continue; }
    if (valid == 0u) {
      least = value;
      greatest = value;
    }
    least = min(least, value);
    greatest = max(greatest, value);
    valid++;
  }
  shares[3u * lane] = bitcast<u32>(least);
  shares[3u * lane + 1u] = bitcast<u32>(greatest);
  shares[3u * lane + 2u] = valid;
}
