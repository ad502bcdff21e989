// The source position of a destination pixel, from a control grid (src/geo/control-grid.ts), in integers only, so
// that every device finds the same pixel. Words of a cell: origin xy, q xy, a xy, b xy, c xy. Words of a table
// entry: first cell, log2 of the cell size, fraction bits, unused.
//
// Needs `cells` and `table` bindings and the parameters block_x, block_y, block_columns.

struct Position {
  // Whole pixels, and the rest in units of 2^-bits, 0 <= part < 2^bits.
  pixel: vec2i,
  part: vec2i,
  bits: u32,
}

fn source_position(destination: vec2i) -> Position {
  let block = (destination >> vec2u(8u)) - vec2i(parameters.block_x, parameters.block_y);
  let entry = 4 * (block.y * parameters.block_columns + block.x);
  let cell_log2 = u32(table[entry + 1]);
  let bits = u32(table[entry + 2]);
  let local = destination & vec2i(255);
  let cell = local >> vec2u(cell_log2);
  let f = local & vec2i((1i << cell_log2) - 1i);
  let word = 10 * (table[entry] + (cell.y << (8u - cell_log2)) + cell.x);
  let origin = vec2i(cells[word], cells[word + 1]);
  let q = vec2i(cells[word + 2], cells[word + 3]);
  let a = vec2i(cells[word + 4], cells[word + 5]);
  let b = vec2i(cells[word + 6], cells[word + 7]);
  let c = vec2i(cells[word + 8], cells[word + 9]);
  let p = q + f.x * a + f.y * b + ((f.x * f.y * c) >> vec2u(8u));
  return Position(origin + (p >> vec2u(bits)), p & vec2i((1i << bits) - 1i), bits);
}
