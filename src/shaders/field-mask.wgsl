// Masks the pixels whose bit field is one of some numbers (src/kernels/field-mask.ts). Each invocation writes one word:
// 4 pixels.

fn is_wanted(number: u32) -> bool {
  if (number > 255u) { return false; }
  let words = array<u32, 8>(
    parameters.numbers_0, parameters.numbers_1, parameters.numbers_2, parameters.numbers_3,
    parameters.numbers_4, parameters.numbers_5, parameters.numbers_6, parameters.numbers_7,
  );
  return extractBits(words[number >> 5u], number & 31u, 1u) == 1u;
}

fn is_marked(index: u32) -> bool {
  var bits = stored_bits(index);
  if (stored_type == 6u) {
    // Integers in float32, after resampling by nearest; other values do not match.
    let value = bitcast<f32>(bits);
    if (!is_finite(value) || value < 0.0 || value >= 16777216.0 || value != floor(value)) { return false; }
    bits = u32(value);
  }
  return is_wanted(extractBits(bits, parameters.first_bit, parameters.width));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let word = flat_index(id);
  if (4u * word >= parameters.count) { return; }
  var marks = 0u;
  for (var i = 0u; i < 4u; i++) {
    let index = 4u * word + i;
    if (index < parameters.count && is_marked(index)) { marks |= 1u << (8u * i); }
  }
  mask[word] = marks;
}
