// The class with the largest score of each pixel (src/kernels/argmax.ts). Each invocation writes one word: 4 pixels.
//
// 0 scores  read   float32 (class, pixel)
// 1 labels  write  uint8 in words

struct Parameters {
  nan_bits: u32,
  count: u32,    // pixels
  classes: u32,
  nodata: u32,
}

@group(0) @binding(0) var<storage, read> scores: array<f32>;
@group(0) @binding(1) var<storage, read_write> labels: array<u32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

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
