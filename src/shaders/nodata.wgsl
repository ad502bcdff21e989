// Stored values to float32 with NaN for no data (src/kernels/nodata.ts).

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  destination[index] = stored_value(index);
}
