// Logits to probabilities, in place (src/kernels/softmax.ts).

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.pixels || id.y >= parameters.items) { return; }
  let first = id.y * parameters.classes * parameters.pixels + id.x;
  var finite = true;
  var largest = values[first];
  for (var c = 0u; c < parameters.classes; c++) {
    let value = values[first + c * parameters.pixels];
    finite = finite && is_finite(value);
    if (finite) { largest = max(largest, value); }
  }
  if (!finite) {
    for (var c = 0u; c < parameters.classes; c++) { values[first + c * parameters.pixels] = missing(); }
    return;
  }
  // exp of differences from the largest is at most 1: no overflow.
  var sum = 0.0;
  for (var c = 0u; c < parameters.classes; c++) { sum += exp(values[first + c * parameters.pixels] - largest); }
  for (var c = 0u; c < parameters.classes; c++) {
    values[first + c * parameters.pixels] = exp(values[first + c * parameters.pixels] - largest) / sum;
  }
}
