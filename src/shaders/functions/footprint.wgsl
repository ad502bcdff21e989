// Corners of destination pixels in the source: the bilinear function of a cell, half a pixel from the centres, in integers
// (src/kernels/area.ts). Needs `control-grid`.

// A corner in units of 2^-bits from the cell's origin; `corner` is (-1 or 1, -1 or 1) from the pixel's centre.
fn corner_position(cell: Cell, corner: vec2i) -> vec2i {
  let h = 2 * cell.f + corner;
  let xy = h.x * h.y;
  // A quarter of xy * c, in two parts so that neither overflows.
  let cross = (xy >> 2u) * cell.c + (((xy & 3i) * cell.c) >> vec2u(2u));
  return cell.q + ((h.x * cell.a + h.y * cell.b) >> vec2u(1u)) + (cross >> vec2u(8u));
}
