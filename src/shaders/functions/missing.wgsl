// No data is a quiet NaN. WGSL compilers may assume that arithmetic has neither NaN nor infinity, so both are recognised
// by their bits, and NaN comes from a uniform, which compilers cannot fold.
fn missing() -> f32 {
  return bitcast<f32>(parameters.nan_bits);
}

fn is_missing(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7fffffffu) > 0x7f800000u;
}

fn is_finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}
