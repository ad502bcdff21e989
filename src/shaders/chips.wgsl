// Cuts chips out of a plane and normalises them for a model (src/kernels/chips.ts).

// Reflection at the scene's edges, repeated as needed: … 1 0 | 0 1 2 … n-1 | n-1 n-2 …
fn mirror(index: i32, size: i32) -> i32 {
  let period = 2 * size;
  let folded = ((index % period) + period) % period;
  return min(folded, period - 1 - folded);
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let x = i32(id.x);
  let y = i32(id.y);
  let chip = i32(id.z);
  let n = parameters.chip_size;
  if (x >= n || y >= n || chip >= parameters.chip_count) { return; }
  var value = 0.0;
  if (origins[2 * chip] >= 0) {
    let column = mirror(origins[2 * chip] + x, parameters.scene_width);
    let row = mirror(origins[2 * chip + 1] + y, parameters.scene_height) - parameters.first_row;
    let stored = plane[row * parameters.scene_width + column];
    value = (select(parameters.replacement, stored, is_finite(stored)) - parameters.mean) / parameters.deviation;
  }
  let target_chip = parameters.first_chip + chip;
  chips[((target_chip * parameters.channels + parameters.channel) * n + y) * n + x] = value;
}
