// The class with the largest score of each pixel (src/kernels/argmax.ts). Each invocation writes one word: 4 pixels.

fn label_of(pixel: u32) -> u32 {
  var best = parameters.nodata;
  var largest = 0.0;
  for (var c = 0u; c < parameters.classes; c++) {
    let score = scores[c * parameters.count + pixel];
    if (!is_finite(score)) { return parameters.nodata; }
    if (c == 0u || score > largest) {
      best = c;
      largest = score;
    }
  }
  return best;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let word = flat_index(id);
  if (4u * word >= parameters.count) { return; }
  var bits = 0u;
  for (var i = 0u; i < 4u; i++) {
    let pixel = 4u * word + i;
    if (pixel < parameters.count) { bits |= label_of(pixel) << (8u * i); }
  }
  labels[word] = bits;
}
