// Stored values of any type, from little-endian words. Needs a binding `source`.

// stored_type 0 uint8, 1 int8, 2 uint16, 3 int16, 4 uint32, 5 int32, 6 float32 (STORED_TYPES in src/kernels/stored-types.ts),
// 7 float32 without a nodata test or scaling

fn stored_bits(index: u32) -> u32 {
  if (stored_type == 0u) { return extractBits(source[index >> 2u], 8u * (index & 3u), 8u); }
  if (stored_type == 1u) { return bitcast<u32>(extractBits(bitcast<i32>(source[index >> 2u]), 8u * (index & 3u), 8u)); }
  if (stored_type == 2u) { return extractBits(source[index >> 1u], 16u * (index & 1u), 16u); }
  if (stored_type == 3u) { return bitcast<u32>(extractBits(bitcast<i32>(source[index >> 1u]), 16u * (index & 1u), 16u)); }
  return source[index];
}
