// Stored values as float32, NaN for no data (src/kernels/stored-values.ts): test for nodata, then scale and offset.
//
// Needs `stored`, `missing`, and the parameters nodata_kind, nodata_bits, scale and offset.

fn as_float(bits: u32) -> f32 {
  if (stored_type >= 6u) { return bitcast<f32>(bits); }
  if (stored_type == 1u || stored_type == 3u || stored_type == 5u) { return f32(bitcast<i32>(bits)); }
  return f32(bits);
}

// Integers are compared as stored; floats by GDAL's ARE_REAL_EQUAL: |a - b| < 2^-22 |a + b|. The comparison is on
// significands, in integers: compilers may rearrange sums of floats, which overflow here.
fn is_nodata(bits: u32) -> bool {
  if (parameters.nodata_kind == 0u) { return false; }
  let nodata = parameters.nodata_bits;
  if (bits == nodata) { return true; }
  if (stored_type < 6u) { return false; }
  if (((bits | nodata) & 0x7fffffffu) == 0u) { return true; }  // 0 and -0
  let exponent = extractBits(bits, 23u, 8u);
  let nodata_exponent = extractBits(nodata, 23u, 8u);
  let comparable = exponent != 0u && nodata_exponent != 0u && exponent != 255u && nodata_exponent != 255u;
  if (!comparable || (bits ^ nodata) >= 0x80000000u) { return false; }
  let step = i32(exponent) - i32(nodata_exponent);
  if (abs(step) > 1i) { return false; }
  // The sum is infinite: -3.40282e38 equals the lowest float32.
  if (exponent == 254u && step == 0i) { return true; }
  let a = i32(extractBits(bits, 0u, 23u) | 0x800000u) << u32(max(step, 0i));
  let b = i32(extractBits(nodata, 0u, 23u) | 0x800000u) << u32(max(-step, 0i));
  let difference = abs(a - b);
  return difference < 16i && (difference << 22u) < a + b;
}

fn stored_value(index: u32) -> f32 {
  let bits = stored_bits(index);
  let value = as_float(bits);
  // One NaN for all, so that files of equal pixels are equal byte for byte.
  if (is_missing(value)) { return missing(); }
  if (stored_type == 7u) { return value; }
  if (is_nodata(bits)) { return missing(); }
  return value * parameters.scale + parameters.offset;
}
