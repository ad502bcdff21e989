// Masks the pixels with data in all planes (src/kernels/valid-mask.ts). Each invocation writes one word: 4 pixels.

fn is_valid(index: u32) -> bool {
  for (var k = 0u; k < parameters.planes; k++) {
    if (!is_finite(plane[k * parameters.count + index])) { return false; }
  }
  return true;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let word = flat_index(id);
  if (4u * word >= parameters.count) { return; }
  var bits = 0u;
  for (var i = 0u; i < 4u; i++) {
    let index = 4u * word + i;
    if (index < parameters.count && is_valid(index)) { bits |= 1u << (8u * i); }
  }
  if (parameters.first == 0u) { bits &= mask[word]; }
  mask[word] = bits;
}
