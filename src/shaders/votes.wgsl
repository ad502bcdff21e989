// Counts the chips for each class of each pixel (src/kernels/vote.ts).

fn is_valid(x: i32, row: i32) -> bool {
  let index = u32((row - parameters.mask_row) * parameters.width + x);
  return extractBits(mask[index >> 2u], 8u * (index & 3u), 8u) != 0u;
}

// The class of the largest value (ties: the lowest); -1 where a value is not finite.
fn most_likely(first: i32, step: i32) -> i32 {
  var best = 0i;
  var largest = 0.0;
  for (var c = 0i; c < parameters.classes; c++) {
    let value = predictions[first + c * step];
    if (!is_finite(value)) { return -1i; }
    if (c == 0i || value > largest) {
      best = c;
      largest = value;
    }
  }
  return best;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = i32(id.x);
  let local_row = i32(id.y);
  let n = parameters.chip_size;
  if (x >= parameters.width || local_row >= parameters.rows) { return; }
  let row = parameters.row_start + local_row;
  let step = parameters.rows * parameters.width;
  let place = local_row * parameters.width + x;

  for (var c = 0i; c < parameters.classes; c++) { counts[c * step + place] = 0.0; }
  let by_column = parameters.chip_columns + parameters.chip_rows;
  let by_row = by_column + 2 * parameters.width;
  var votes = 0;
  if (is_valid(x, row)) {
    for (var j = placement[by_row + row]; j <= placement[by_row + parameters.height + row]; j++) {
      let dy = row - placement[parameters.chip_columns + j];
      for (var i = placement[by_column + x]; i <= placement[by_column + parameters.width + x]; i++) {
        let slot = slots[j * parameters.chip_columns + i];
        if (slot < 0) { continue; }
        let first = (slot * parameters.classes * n + dy) * n + x - placement[i];
        let winner = most_likely(first, n * n);
        if (winner < 0) { continue; }
        counts[winner * step + place] += 1.0;
        votes++;
      }
    }
  }
  if (votes > 0) { return; }
  for (var c = 0i; c < parameters.classes; c++) { counts[c * step + place] = missing(); }
}
