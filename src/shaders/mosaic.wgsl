// Combines the layers over a pixel (src/kernels/mosaic.ts).

// method 0 mean, 1 median, 2 min, 3 max, 4 first, 5 last, 6 count, 7 sum

// A word with the same order as the float.
fn key_of(value: f32) -> u32 {
  let bits = bitcast<u32>(value);
  return select(bits | 0x80000000u, ~bits, (bits & 0x80000000u) != 0u);
}

fn value_of(key: u32) -> f32 {
  return bitcast<f32>(select(~key, key & 0x7fffffffu, (key & 0x80000000u) != 0u));
}

// The valid value at a rank, found bit by bit from the highest: one pass over the layers per bit, without memory.
fn ordered(index: u32, rank: u32) -> u32 {
  var below = rank;
  var prefix = 0u;
  for (var bit = 32u; bit > 0u; bit--) {
    let shift = bit - 1u;
    // Number of values with the bits found so far and 0 in the next one.
    var zeros = 0u;
    for (var k = 0u; k < parameters.layers; k++) {
      let value = layers[k * parameters.stride + index];
      if (is_finite(value) && (key_of(value) >> shift) == (prefix >> shift)) { zeros++; }
    }
    if (below >= zeros) {
      below -= zeros;
      prefix |= 1u << shift;
    }
  }
  return prefix;
}

// Up to this many layers, comparing each with all others takes fewer reads than a pass per bit.
const FEW = 32u;

fn median_of_few(index: u32, valid: u32) -> f32 {
  var lower = 0.0;
  var upper = 0.0;
  for (var k = 0u; k < parameters.layers; k++) {
    let value = layers[k * parameters.stride + index];
    if (!is_finite(value)) { continue; }
    var rank = 0u;
    for (var other = 0u; other < parameters.layers; other++) {
      let against = layers[other * parameters.stride + index];
      if (is_finite(against) && (against < value || (against == value && other < k))) { rank++; }
    }
    if (rank == (valid - 1u) / 2u) { lower = value; }
    if (rank == valid / 2u) { upper = value; }
  }
  return 0.5 * lower + 0.5 * upper;
}

fn median_of_many(index: u32, valid: u32) -> f32 {
  let lower = ordered(index, (valid - 1u) / 2u);
  if (valid % 2u == 1u) { return value_of(lower); }
  // The upper of the two middle values: the same value, or the next one.
  var not_above = 0u;
  var next = 0xffffffffu;
  for (var k = 0u; k < parameters.layers; k++) {
    let value = layers[k * parameters.stride + index];
    if (!is_finite(value)) { continue; }
    let key = key_of(value);
    if (key <= lower) { not_above++; } else { next = min(next, key); }
  }
  let upper = select(lower, next, not_above <= valid / 2u);
  return 0.5 * value_of(lower) + 0.5 * value_of(upper);
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  var valid = 0u;
  var result = 0.0;
  for (var k = 0u; k < parameters.layers; k++) {
    let value = layers[k * parameters.stride + index];
    if (!is_finite(value)) { continue; }
    valid++;
    if (valid == 1u) {
      result = value;
    } else if (method == 0u || method == 7u) {
      result += value;
    } else if (method == 2u) {
      result = min(result, value);
    } else if (method == 3u) {
      result = max(result, value);
    } else if (method == 5u) {
      result = value;
    }
  }
  if (method == 6u) {
    result = f32(valid);
  } else if (valid == 0u) {
    result = missing();
  } else if (method == 0u) {
    result /= f32(valid);
  } else if (method == 1u) {
    if (parameters.layers <= FEW) {
      result = median_of_few(index, valid);
    } else {
      result = median_of_many(index, valid);
    }
  }
  destination[parameters.first + index] = result;
}
