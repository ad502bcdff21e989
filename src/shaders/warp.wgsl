// Resamples a window of a source onto a tile of a destination by interpolation (src/kernels/warp.ts).

// method 0 nearest, 1 bilinear, 2 cubic convolution of 4 x 4 whole pixels, 3 any filter

fn inside(pixel: vec2i) -> bool {
  return all(pixel >= vec2i(0)) && pixel.x < parameters.source_width && pixel.y < parameters.source_height;
}

// Pixel c spans [c, c + 1), but a position on the far edge belongs to the last pixel.
fn containing_pixel(position: Position) -> vec2i {
  let size = vec2i(parameters.source_width, parameters.source_height);
  let pixel = position.pixel - vec2i(parameters.source_x, parameters.source_y);
  return select(pixel, pixel - 1, (pixel == size) & (position.part == vec2i(0)));
}

fn load(pixel: vec2i) -> f32 {
  return stored_value(u32(pixel.y * parameters.source_width + pixel.x));
}

// The last pixel whose centre is at or before a position, and the distance of the position from that centre.
struct Neighbourhood {
  corner: vec2i,
  w: vec2f,
}

fn neighbourhood(position: Position) -> Neighbourhood {
  let unit = 1i << position.bits;
  // Pixel centres are at +0.5: shifting by half a pixel makes them whole.
  let shifted = position.part - vec2i(unit >> 1u);
  let corner = position.pixel - vec2i(parameters.source_x, parameters.source_y) + (shifted >> vec2u(position.bits));
  return Neighbourhood(corner, vec2f(shifted & vec2i(unit - 1)) / f32(unit));
}

// The four pixels around the position; pixels without data are skipped and weights renormalised.
fn bilinear(around: Neighbourhood) -> f32 {
  let w = around.w;
  var sum = 0.0;
  var total = 0.0;
  for (var j = 0i; j < 2i; j++) {
    for (var i = 0i; i < 2i; i++) {
      let pixel = around.corner + vec2i(i, j);
      if (!inside(pixel)) { continue; }
      let value = load(pixel);
      if (is_missing(value)) { continue; }
      let weight = select(1.0 - w.x, w.x, i == 1i) * select(1.0 - w.y, w.y, j == 1i);
      // Skipped, since the value may be infinite.
      if (weight == 0.0) { continue; }
      sum += weight * value;
      total += weight;
    }
  }
  return sum / total;
}

// Keys' weights (a = -1/2) of the pixels at -1, 0, 1 and 2.
fn cubic_weights(t: f32) -> vec4f {
  let u = 1.0 - t;
  return vec4f(
    -0.5 * t * u * u,
    1.0 + t * t * (1.5 * t - 2.5),
    1.0 + u * u * (1.5 * u - 2.5),
    -0.5 * u * t * t,
  );
}

// All sixteen pixels around the position, or bilinear where one of them is outside or without data.
fn cubic(around: Neighbourhood) -> f32 {
  let first = around.corner - 1;
  if (!inside(first) || !inside(first + 3)) { return bilinear(around); }
  let wx = cubic_weights(around.w.x);
  let wy = cubic_weights(around.w.y);
  var sum = 0.0;
  for (var j = 0i; j < 4i; j++) {
    var row = vec4f();
    for (var i = 0i; i < 4i; i++) {
      let value = load(first + vec2i(i, j));
      if (is_missing(value)) { return bilinear(around); }
      // Skipped at weight 0, since the value may be infinite.
      if (wx[i] != 0.0 && wy[j] != 0.0) { row[i] = value; }
    }
    sum += wy[j] * dot(wx, row);
  }
  return sum;
}

// A filter's weight at a distance in table entries, by linear interpolation; zero beyond the end.
fn filter_weight(distance: f32) -> f32 {
  let at = abs(distance);
  let index = u32(at);
  if (index + 1u >= parameters.filter_length) { return 0.0; }
  return mix(weights[index], weights[index + 1u], at - f32(index));
}

// The weighted mean of a filter's pixels; pixels outside or without data are skipped and weights renormalised.
fn filtered(around: Neighbourhood) -> f32 {
  let steps = vec2f(parameters.steps_x, parameters.steps_y);
  var sum = 0.0;
  var total = 0.0;
  for (var j = 1i - parameters.taps_y; j <= parameters.taps_y; j++) {
    let y = around.corner.y + j;
    if (y < 0i || y >= parameters.source_height) { continue; }
    let wy = filter_weight((f32(j) - around.w.y) * steps.y);
    for (var i = 1i - parameters.taps_x; i <= parameters.taps_x; i++) {
      let pixel = vec2i(around.corner.x + i, y);
      if (!inside(pixel)) { continue; }
      let value = load(pixel);
      if (is_missing(value)) { continue; }
      let weight = wy * filter_weight((f32(i) - around.w.x) * steps.x);
      if (weight == 0.0) { continue; }
      sum += weight * value;
      total += weight;
    }
  }
  // With negative weights the sum may be zero or negative: no data.
  if (total < 1e-6) { return missing(); }
  return sum / total;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let local = vec2i(id.xy);
  if (local.x >= parameters.tile_width || local.y >= parameters.tile_height) { return; }
  let position = source_position(local + vec2i(parameters.tile_x, parameters.tile_y));
  let pixel = containing_pixel(position);
  var value = missing();
  // For every interpolation, validity is that of the containing pixel: masks neither grow nor shrink.
  if (inside(pixel)) {
    let centre = load(pixel);
    if (!is_missing(centre)) {
      if (method == 0u) { value = centre; }
      else if (method == 1u) { value = bilinear(neighbourhood(position)); }
      else if (method == 2u) { value = cubic(neighbourhood(position)); }
      else { value = filtered(neighbourhood(position)); }
    }
  }
  destination[parameters.output_offset + local.y * parameters.output_stride + local.x] = value;
}
