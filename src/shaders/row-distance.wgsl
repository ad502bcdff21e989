// The distance of each pixel to the nearest set pixel of its row (src/kernels/dilate.ts). Each invocation writes one word:
// 4 pixels.

fn is_set(index: i32) -> bool {
  return extractBits(mask[index >> 2u], 8u * u32(index & 3i), 8u) != 0u;
}

fn distance_of(index: i32) -> u32 {
  let column = index % parameters.width;
  for (var d = 0i; d <= parameters.reach; d++) {
    if (column >= d && is_set(index - d)) { return u32(d); }
    if (column + d < parameters.width && is_set(index + d)) { return u32(d); }
  }
  return u32(parameters.reach + 1i);
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let word = flat_index(id);
  let count = parameters.width * parameters.height;
  if (4i * i32(word) >= count) { return; }
  var packed = 0u;
  for (var i = 0i; i < 4i; i++) {
    let index = 4i * i32(word) + i;
    if (index < count) { packed |= distance_of(index) << (8u * u32(i)); }
  }
  distances[word] = packed;
}
