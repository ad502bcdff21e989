// Position in a flat array of a two-dimensional dispatch (see flatGrid in src/kernels/grid.ts).
fn flat_index(id: vec3u) -> u32 {
  return id.y * 65536u + id.x;
}
