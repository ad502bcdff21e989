// Stored values to float32 with NaN for no data (src/kernels/nodata.ts).
//
// 0 source       read   stored values, packed in words, little end first
// 1 destination  write  float32

struct Parameters {
  nan_bits: u32,
  count: u32,
  nodata_kind: u32,  // 0 none, 1 a value
  nodata_bits: u32,  // the value, as stored: sign-extended integer or float32 bits
  scale: f32,
  offset: f32,
}

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> destination: array<f32>;
@group(0) @binding(2) var<uniform> parameters: Parameters;

// 0 uint8, 1 int8, 2 uint16, 3 int16, 4 uint32, 5 int32, 6 float32
override stored_type: u32;

fn stored_bits(index: u32) -> u32 {
  if (stored_type == 0u) { return extractBits(source[index >> 2u], 8u * (index & 3u), 8u); }
  if (stored_type == 1u) { return bitcast<u32>(extractBits(bitcast<i32>(source[index >> 2u]), 8u * (index & 3u), 8u)); }
  if (stored_type == 2u) { return extractBits(source[index >> 1u], 16u * (index & 1u), 16u); }
  if (stored_type == 3u) { return bitcast<u32>(extractBits(bitcast<i32>(source[index >> 1u]), 16u * (index & 1u), 16u)); }
  return source[index];
}

fn as_float(bits: u32) -> f32 {
  if (stored_type == 6u) { return bitcast<f32>(bits); }
  if (stored_type == 1u || stored_type == 3u || stored_type == 5u) { return f32(bitcast<i32>(bits)); }
  return f32(bits);
}

// Integers are compared as they are stored; floats as GDAL does (ARE_REAL_EQUAL): equal up to two ulp of the sum.
// Everything is halved first, so that no sum overflows; all factors are powers of two, so that every device agrees.
fn is_nodata(bits: u32) -> bool {
  if (parameters.nodata_kind == 0u) { return false; }
  if (bits == parameters.nodata_bits) { return true; }
  if (stored_type != 6u) { return false; }
  let value = 0.5 * bitcast<f32>(bits);
  let nodata = 0.5 * bitcast<f32>(parameters.nodata_bits);
  return value == nodata || abs(value - nodata) < abs(value + nodata) * 2.384185791015625e-7;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  let bits = stored_bits(index);
  let value = as_float(bits);
  if (is_missing(value) || is_nodata(bits)) {
    destination[index] = missing();
  } else {
    destination[index] = value * parameters.scale + parameters.offset;
  }
}
