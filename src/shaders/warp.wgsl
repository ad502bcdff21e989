// Resamples a window of a source onto a tile of a destination (src/kernels/warp.ts).
//
// 0 source       read   float32, NaN where there is no data
// 1 cells        read   control grid cells
// 2 table        read   control grid blocks
// 3 destination  write  float32

struct Parameters {
  nan_bits: u32,
  source_x: i32,       // the source window's corner in the source
  source_y: i32,
  source_width: i32,   // its size
  source_height: i32,
  tile_x: i32,         // the tile's corner on the destination grid
  tile_y: i32,
  tile_width: i32,
  tile_height: i32,
  block_x: i32,        // first control block
  block_y: i32,
  block_columns: i32,
  output_offset: i32,  // where the tile starts in `destination`, and how far apart its rows are
  output_stride: i32,
}

@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read> cells: array<i32>;
@group(0) @binding(2) var<storage, read> table: array<i32>;
@group(0) @binding(3) var<storage, read_write> destination: array<f32>;
@group(0) @binding(4) var<uniform> parameters: Parameters;

// 0 nearest, 1 bilinear
override resampling: u32;

fn inside(pixel: vec2i) -> bool {
  return all(pixel >= vec2i(0)) && pixel.x < parameters.source_width && pixel.y < parameters.source_height;
}

// Pixel c spans [c, c + 1), but a position on the far edge itself still belongs to the last pixel.
fn containing_pixel(position: Position) -> vec2i {
  let size = vec2i(parameters.source_width, parameters.source_height);
  let pixel = position.pixel - vec2i(parameters.source_x, parameters.source_y);
  return select(pixel, pixel - 1, (pixel == size) & (position.part == vec2i(0)));
}

fn load(pixel: vec2i) -> f32 {
  return source[pixel.y * parameters.source_width + pixel.x];
}

// The four pixels around the position, those without data left out and the weights of the rest renormalised.
fn bilinear(position: Position) -> f32 {
  let unit = 1i << position.bits;
  // Pixel centres lie at +0.5: shifting by half a pixel makes them whole.
  let shifted = position.part - vec2i(unit >> 1u);
  let corner = position.pixel - vec2i(parameters.source_x, parameters.source_y) + (shifted >> vec2u(position.bits));
  let w = vec2f(shifted & vec2i(unit - 1)) / f32(unit);
  var sum = 0.0;
  var weights = 0.0;
  for (var j = 0i; j < 2i; j++) {
    for (var i = 0i; i < 2i; i++) {
      let pixel = corner + vec2i(i, j);
      if (!inside(pixel)) { continue; }
      let value = load(pixel);
      if (is_missing(value)) { continue; }
      let weight = select(1.0 - w.x, w.x, i == 1i) * select(1.0 - w.y, w.y, j == 1i);
      sum += weight * value;
      weights += weight;
    }
  }
  return sum / weights;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let local = vec2i(id.xy);
  if (local.x >= parameters.tile_width || local.y >= parameters.tile_height) { return; }
  let position = source_position(local + vec2i(parameters.tile_x, parameters.tile_y));
  let pixel = containing_pixel(position);
  var value = missing();
  // Validity is the containing pixel's alone, for every resampling: masks neither grow nor shrink.
  if (inside(pixel)) {
    let centre = load(pixel);
    if (!is_missing(centre)) {
      if (resampling == 0u) { value = centre; } else { value = bilinear(position); }
    }
  }
  destination[parameters.output_offset + local.y * parameters.output_stride + local.x] = value;
}
