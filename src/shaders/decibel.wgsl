// Power to decibel and back, in place (src/kernels/decibel.ts).

// to_linear 0: dB = 10 log10(power), 1: power = 10^(dB / 10)

const DECIBEL_PER_OCTAVE = 3.0102999566398120;  // 10 log10(2)
const OCTAVE_PER_DECIBEL = 0.33219280948873624;  // log2(10) / 10

// Zero, negative and subnormal powers have no decibel: the bits of normal positive numbers are in this range.
fn is_normal_positive(value: f32) -> bool {
  let bits = bitcast<u32>(value);
  return bits >= 0x00800000u && bits < 0x7f800000u;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  let value = values[index];
  if (to_linear == 1u) {
    if (!is_missing(value)) { values[index] = exp2(value * OCTAVE_PER_DECIBEL); }
  } else if (is_normal_positive(value)) {
    values[index] = log2(value) * DECIBEL_PER_OCTAVE;
  } else {
    values[index] = missing();
  }
}
