// Compares phases of chips word by word (src/kernels/equal-phases.ts).

/** Offset of a band of a phase; phases are numbered through all chips. */
fn offset_of(index: u32, band: u32) -> u32 {
  let chip = index / parameters.phases;
  let step = select(index % parameters.phases, 0u, parameters.steps == 1u);
  return ((chip * parameters.bands + band) * parameters.steps + step) * parameters.pixels;
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let pair = id.z;
  if (id.x >= parameters.pixels || atomicLoad(&different[pair]) != 0u) { return; }
  let first = offset_of(u32(pairs[2u * pair]), id.y) + id.x;
  let second = offset_of(u32(pairs[2u * pair + 1u]), id.y) + id.x;
  if (bitcast<u32>(chips[first]) != bitcast<u32>(chips[second])) { atomicStore(&different[pair], 1u); }
}
