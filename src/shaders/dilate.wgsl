// Dilates a mask (src/kernels/dilate.ts). Each invocation writes one word: 4 pixels.

// square 0: a disc, 1: a square

fn is_covered(index: i32) -> bool {
  let row = index / parameters.width;
  let top = max(-parameters.reach, -row);
  let bottom = min(parameters.reach, parameters.height - 1i - row);
  for (var dy = top; dy <= bottom; dy++) {
    let at = index + dy * parameters.width;
    let dx = i32(extractBits(distances[at >> 2u], 8u * u32(at & 3i), 8u));
    if (select(dx * dx + dy * dy <= parameters.limit, dx <= parameters.reach, square == 1u)) { return true; }
  }
  return false;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let word = flat_index(id);
  let count = parameters.width * parameters.height;
  if (4i * i32(word) >= count) { return; }
  var packed = 0u;
  for (var i = 0i; i < 4i; i++) {
    let index = 4i * i32(word) + i;
    if (index < count && is_covered(index)) { packed |= 1u << (8u * u32(i)); }
  }
  mask[word] = packed;
}
