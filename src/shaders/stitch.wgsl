// Combines overlapping chips into rows of the scene: each pixel gathers from its chips (src/kernels/stitch.ts).

// reduction 0 average, 1 sum, 2 maximum, 3 minimum, 4 first, 5 last, 6 sum of the weights, 7 number of chips, 8 variance

// The window of chip k of `count` along an axis tapers towards its neighbours only.
fn window_weight(chip: i32, count: i32, offset: i32) -> f32 {
  let variant = select(0, 1, chip > 0) + select(0, 2, chip + 1 < count);
  return weights[variant * parameters.chip_size + offset];
}

fn is_valid(x: i32, row: i32) -> bool {
  let index = u32((row - parameters.mask_row) * parameters.width + x);
  return extractBits(mask[index >> 2u], 8u * (index & 3u), 8u) != 0u;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = i32(id.x);
  let local_row = i32(id.y);
  let class_index = i32(id.z);
  let n = parameters.chip_size;
  if (x >= parameters.width || local_row >= parameters.rows || class_index >= parameters.classes) { return; }
  let row = parameters.row_start + local_row;

  let by_column = parameters.chip_columns + parameters.chip_rows;
  let by_row = by_column + 2 * parameters.width;
  var sum = 0.0;
  var total = 0.0;
  var chosen = 0.0;
  var shift = 0.0;     // the first value: sums of differences from it do not cancel
  var differences = 0.0;
  var squares = 0.0;
  var count = 0u;
  if (is_valid(x, row)) {
    for (var j = placement[by_row + row]; j <= placement[by_row + parameters.height + row]; j++) {
      let dy = row - placement[parameters.chip_columns + j];
      let wy = window_weight(j, parameters.chip_rows, dy);
      for (var i = placement[by_column + x]; i <= placement[by_column + parameters.width + x]; i++) {
        let slot = slots[j * parameters.chip_columns + i];
        if (slot < 0) { continue; }
        let dx = x - placement[i];
        let value = predictions[((slot * parameters.classes + class_index) * n + dy) * n + dx];
        if (!is_finite(value)) { continue; }
        let weight = wy * window_weight(i, parameters.chip_columns, dx);
        sum += weight * value;
        total += weight;
        let better = (reduction == 2u && value > chosen) || (reduction == 3u && value < chosen);
        if (count == 0u || better || reduction == 5u) { chosen = value; }
        if (reduction == 8u) {
          if (count == 0u) { shift = value; }
          let difference = value - shift;
          differences += difference;
          squares += difference * difference;
        }
        count++;
      }
    }
  }
  var value = missing();
  if (reduction == 6u) {
    value = total;
  } else if (reduction == 7u) {
    value = f32(count);
  } else if (reduction == 8u) {
    if (count > 1u) {
      value = max(0.0, (squares - differences * differences / f32(count)) / f32(count - 1u));
    }
  } else if (count > 0u) {
    switch reduction {
      case 0u: { value = sum / total; }
      case 1u: { value = sum; }
      default: { value = chosen; }
    }
  }
  output[(class_index * parameters.rows + local_row) * parameters.width + x] = value;
}
