// Area resampling of a tile (src/kernels/area.ts).

// method 0 average, 1 mode, 2 min, 3 max, 4 med, 5 q1, 6 q3, 7 sum, 8 rms

// Source pixels from `first` (inclusive) to `last` (exclusive), and the weights of the first and the last one.
struct Box {
  first: vec2i,
  last: vec2i,
  first_weight: vec2f,
  last_weight: vec2f,
}

// Corners this close to a pixel's edge count as on it: 2^-12 pixels.
const EDGE_LOG2: u32 = 12u;

fn box_of(cell: Cell) -> Box {
  let p = corner_position(cell, vec2i(-1));
  let r = corner_position(cell, vec2i(1));
  let low = min(p, r);
  let high = max(p, r);
  let bits = vec2u(cell.bits);
  let unit = f32(1i << cell.bits);
  let near = vec2i(1i << (cell.bits - EDGE_LOG2));
  let origin = cell.origin - vec2i(parameters.source_x, parameters.source_y);
  let size = vec2i(parameters.source_width, parameters.source_height);
  var first = origin + ((low + near) >> bits);
  // Rounded up.
  var last = origin - ((near - high) >> bits);
  if (any(first >= size) || any(last <= vec2i(0))) { return Box(vec2i(0), vec2i(0), vec2f(), vec2f()); }
  last = max(last, first + 1);
  first = max(first, vec2i(0));
  last = min(last, size);
  // The part of the box outside the source adds to the weight of the source's edge pixels, as in GDAL.
  let first_weight = 1.0 - vec2f(low - ((first - origin) << bits)) / unit;
  let last_weight = 1.0 - vec2f(((last - origin) << bits) - high) / unit;
  return Box(first, last, first_weight, last_weight);
}

fn weight_at(pixel: i32, first: i32, last: i32, first_weight: f32, last_weight: f32) -> f32 {
  if (first + 1i == last) { return 1.0; }
  return select(select(1.0, last_weight, pixel + 1i == last), first_weight, pixel == first);
}

fn load(x: i32, y: i32) -> f32 {
  return stored_value(u32(y * parameters.source_width + x));
}

// Mean or root mean square of the values, weighted by the overlap of each pixel with the box.
fn weighted(box: Box) -> f32 {
  var sum = 0.0;
  var total = 0.0;
  for (var y = box.first.y; y < box.last.y; y++) {
    let wy = weight_at(y, box.first.y, box.last.y, box.first_weight.y, box.last_weight.y);
    var row_sum = 0.0;
    var row_total = 0.0;
    for (var x = box.first.x; x < box.last.x; x++) {
      let value = load(x, y);
      if (is_missing(value)) { continue; }
      let weight = weight_at(x, box.first.x, box.last.x, box.first_weight.x, box.last_weight.x);
      row_sum += weight * select(value, value * value, method == 8u);
      row_total += weight;
    }
    sum += wy * row_sum;
    total += wy * row_total;
  }
  if (total <= 0.0) { return missing(); }
  return select(sum / total, sqrt(sum / total), method == 8u);
}

// An integer with the same order as the float; -0 equals 0.
fn key_of(value: f32) -> i32 {
  let bits = bitcast<i32>(value);
  return select(bits ^ ((bits >> 31u) & 0x7fffffff), 0i, (bits & 0x7fffffff) == 0i);
}

fn value_of(key: i32) -> f32 {
  return bitcast<f32>(key ^ ((key >> 31u) & 0x7fffffff));
}

// Number, minimum and maximum of the values in the box.
struct Extent {
  count: u32,
  low: i32,
  high: i32,
}

fn extent_of(box: Box) -> Extent {
  var extent = Extent(0u, 0x7fffffff, -0x7fffffff);
  for (var y = box.first.y; y < box.last.y; y++) {
    for (var x = box.first.x; x < box.last.x; x++) {
      let value = load(x, y);
      if (is_missing(value)) { continue; }
      let key = key_of(value);
      extent = Extent(extent.count + 1u, min(extent.low, key), max(extent.high, key));
    }
  }
  return extent;
}

// Number of values up to a key.
fn count_up_to(box: Box, key: i32) -> u32 {
  var count = 0u;
  for (var y = box.first.y; y < box.last.y; y++) {
    for (var x = box.first.x; x < box.last.x; x++) {
      let value = load(x, y);
      if (!is_missing(value) && key_of(value) <= key) { count++; }
    }
  }
  return count;
}

// The value at a rank (from 0) of the sorted values, by bisection: at most 32 passes over the box.
fn ranked(box: Box, extent: Extent, rank: u32) -> f32 {
  var low = extent.low;
  var high = extent.high;
  while (low < high) {
    // The mean of the two, rounded down, without an overflow.
    let middle = (low & high) + ((low ^ high) >> 1u);
    if (count_up_to(box, middle) > rank) { high = middle; } else { low = middle + 1i; }
  }
  return value_of(low);
}

// The most frequent value, whole pixels counted; among ties, the one that reaches its count first, row by row. One pass
// over the box for each distinct value.
fn most_frequent(box: Box, extent: Extent) -> f32 {
  var best = extent.low;
  var most = 0u;
  var earliest = 0u;
  var left = extent.count;
  var key = extent.low;
  // Stop when too few values are left to be more frequent.
  while (left > 0u && left >= most) {
    var count = 0u;
    var latest = 0u;
    var next = extent.high;
    var index = 0u;
    for (var y = box.first.y; y < box.last.y; y++) {
      for (var x = box.first.x; x < box.last.x; x++) {
        index++;
        let value = load(x, y);
        if (is_missing(value)) { continue; }
        let other = key_of(value);
        if (other == key) {
          count++;
          latest = index;
        } else if (other > key) {
          next = min(next, other);
        }
      }
    }
    if (count > most || (count == most && latest < earliest)) {
      best = key;
      most = count;
      earliest = latest;
    }
    left -= count;
    key = next;
  }
  return value_of(best);
}

// The area between the x axis and an edge from a to b within the unit square; negative from right to left. The sum over
// the edges of a polygon is its area in the unit square.
fn area_under(a: vec2f, b: vec2f) -> f32 {
  let start = clamp(a.x, 0.0, 1.0);
  let end = clamp(b.x, 0.0, 1.0);
  if (start == end) { return 0.0; }
  let slope = (b.y - a.y) / (b.x - a.x);
  let y0 = a.y + (start - a.x) * slope;
  let y1 = a.y + (end - a.x) * slope;
  let low = min(y0, y1);
  let high = max(y0, y1);
  let rise = high - low;
  // The part of the edge above the square has full weight, the part below has none.
  var above = select(0.0, 1.0, low >= 1.0);
  var below = select(0.0, 1.0, high <= 0.0);
  if (rise > 0.0) {
    above = clamp((high - 1.0) / rise, 0.0, 1.0);
    below = clamp(-low / rise, 0.0, 1.0);
  }
  let height = 0.5 * (clamp(low, 0.0, 1.0) + clamp(high, 0.0, 1.0));
  return (end - start) * (above + (1.0 - above - below) * height);
}

// The sum of values weighted by the share of each source pixel in the destination pixel: totals are kept. Shares below
// 2^-20 are ignored.
fn shared_out(cell: Cell) -> f32 {
  let origin = cell.origin - vec2i(parameters.source_x, parameters.source_y);
  let bits = vec2u(cell.bits);
  let unit = f32(1i << cell.bits);
  let a = corner_position(cell, vec2i(-1, -1));
  let b = corner_position(cell, vec2i(1, -1));
  let c = corner_position(cell, vec2i(1, 1));
  let d = corner_position(cell, vec2i(-1, 1));
  let low = min(min(a, b), min(c, d));
  let high = max(max(a, b), max(c, d));
  let first = max(origin + (low >> bits), vec2i(0));
  let last = min(origin + (high >> bits), vec2i(parameters.source_width, parameters.source_height) - 1);
  var sum = 0.0;
  var found = false;
  for (var y = first.y; y <= last.y; y++) {
    for (var x = first.x; x <= last.x; x++) {
      let value = load(x, y);
      if (is_missing(value)) { continue; }
      let corner = (vec2i(x, y) - origin) << bits;
      let p = vec2f(a - corner) / unit;
      let q = vec2f(b - corner) / unit;
      let r = vec2f(c - corner) / unit;
      let s = vec2f(d - corner) / unit;
      let share = abs(area_under(p, q) + area_under(q, r) + area_under(r, s) + area_under(s, p));
      if (share < 0x1p-20f) { continue; }
      sum += share * value;
      found = true;
    }
  }
  return select(missing(), sum, found);
}

// The rank of a quantile of n values: ceil(n * quarters / 4 - 1), as in GDAL.
fn rank_of(quarters: u32, count: u32) -> u32 {
  return (count * quarters + 3u) / 4u - 1u;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let local = vec2i(id.xy);
  if (local.x >= parameters.tile_width || local.y >= parameters.tile_height) { return; }
  let cell = cell_of(local + vec2i(parameters.tile_x, parameters.tile_y));
  var value = missing();
  // Cells outside the source's domain.
  if (cell.origin.x > NOWHERE) {
    if (method == 7u) { value = shared_out(cell); }
    else {
      let box = box_of(cell);
      if (method == 0u || method == 8u) { value = weighted(box); }
      else {
        let extent = extent_of(box);
        if (extent.count > 0u) {
          if (method == 1u) { value = most_frequent(box, extent); }
          else if (method == 2u) { value = value_of(extent.low); }
          else if (method == 3u) { value = value_of(extent.high); }
          else if (method == 4u) { value = ranked(box, extent, rank_of(2u, extent.count)); }
          else if (method == 5u) { value = ranked(box, extent, rank_of(1u, extent.count)); }
          else { value = ranked(box, extent, rank_of(3u, extent.count)); }
        }
      }
    }
  }
  destination[parameters.output_offset + local.y * parameters.output_stride + local.x] = value;
}

const NOWHERE: i32 = -1073741824i;
