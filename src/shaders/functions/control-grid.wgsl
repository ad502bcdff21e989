// The source position of a destination pixel from a control grid (src/geo/control/cells.ts), in integers only, so that
// every device finds the same pixel. Words of a cell: origin xy, q xy, a xy, b xy, c xy. Words of a table entry: first
// cell, log2 of the cell size, fraction bits, unused.
//
// Needs `cells` and `table` bindings and the parameters block_x, block_y, block_columns.

struct Position {
  // Whole pixels, and the rest in units of 2^-bits, 0 <= part < 2^bits.
  pixel: vec2i,
  part: vec2i,
  bits: u32,
}

struct Cell {
  origin: vec2i,
  q: vec2i,
  a: vec2i,
  b: vec2i,
  c: vec2i,
  bits: u32,
  // The destination pixel, relative to the cell's first.
  f: vec2i,
}

fn cell_of(destination: vec2i) -> Cell {
  let block = (destination >> vec2u(8u)) - vec2i(parameters.block_x, parameters.block_y);
  let entry = 4 * (block.y * parameters.block_columns + block.x);
  let cell_log2 = u32(table[entry + 1]);
  let local = destination & vec2i(255);
  let cell = local >> vec2u(cell_log2);
  let word = 10 * (table[entry] + (cell.y << (8u - cell_log2)) + cell.x);
  return Cell(
    vec2i(cells[word], cells[word + 1]),
    vec2i(cells[word + 2], cells[word + 3]),
    vec2i(cells[word + 4], cells[word + 5]),
    vec2i(cells[word + 6], cells[word + 7]),
    vec2i(cells[word + 8], cells[word + 9]),
    u32(table[entry + 2]),
    local & vec2i((1i << cell_log2) - 1i),
  );
}

fn source_position(destination: vec2i) -> Position {
  let cell = cell_of(destination);
  let f = cell.f;
  let p = cell.q + f.x * cell.a + f.y * cell.b + ((f.x * f.y * cell.c) >> vec2u(8u));
  return Position(cell.origin + (p >> vec2u(cell.bits)), p & vec2i((1i << cell.bits) - 1i), cell.bits);
}
