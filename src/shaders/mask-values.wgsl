// Replaces masked values by NaN, in place (src/kernels/mask-values.ts).

// where_set 0: where the mask is 0, 1: where it is not

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  let pixel = index % parameters.pixels;
  let is_set = extractBits(mask[pixel >> 2u], 8u * (pixel & 3u), 8u) != 0u;
  if (is_set == (where_set == 1u)) { values[index] = missing(); }
}
