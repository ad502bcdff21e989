// Band arithmetic by an interpreter with a stack (src/kernels/expression.ts). All invocations run the same program.
//
// 0 … 5 plane_0 … plane_5  read   float32; one band each, or all of them one after the other in plane_0
// 6     program            read   two words an instruction: operation, argument
// 7     destination        write  float32

struct Parameters {
  nan_bits: u32,
  count: u32,         // values
  instructions: u32,
  stride: u32,        // values of a band, where plane_0 holds all of them
  first: u32,         // where in the destination the first value goes
}

// As words: NaN and infinity are told by their bits, and never enter arithmetic.
@group(0) @binding(0) var<storage, read> plane_0: array<u32>;
@group(0) @binding(1) var<storage, read> plane_1: array<u32>;
@group(0) @binding(2) var<storage, read> plane_2: array<u32>;
@group(0) @binding(3) var<storage, read> plane_3: array<u32>;
@group(0) @binding(4) var<storage, read> plane_4: array<u32>;
@group(0) @binding(5) var<storage, read> plane_5: array<u32>;
@group(0) @binding(6) var<storage, read> program: array<u32>;
@group(0) @binding(7) var<storage, read_write> destination: array<u32>;
@group(0) @binding(8) var<uniform> parameters: Parameters;

// 1: all bands lie in plane_0
override stacked: u32;

const ONE = 0x3f800000u;
const DECIMAL_PER_OCTAVE = 0.30102999566398120;  // log10(2)

fn band(number: u32, index: u32) -> u32 {
  if (stacked == 1u) { return plane_0[number * parameters.stride + index]; }
  switch number {
    case 0u: { return plane_0[index]; }
    case 1u: { return plane_1[index]; }
    case 2u: { return plane_2[index]; }
    case 3u: { return plane_3[index]; }
    case 4u: { return plane_4[index]; }
    default: { return plane_5[index]; }
  }
}

// What is not finite is no data; what is subnormal, which devices may flush, is 0, and so is -0.
fn settle(bits: u32) -> u32 {
  let exponent = bits & 0x7f800000u;
  if (exponent == 0x7f800000u) { return parameters.nan_bits; }
  return select(bits, 0u, exponent == 0u);
}

fn truth(condition: bool) -> u32 {
  return select(0u, ONE, condition);
}

fn unary(operation: u32, argument: u32, bits: u32) -> u32 {
  if (operation == 18u) { return truth(bits != parameters.nan_bits); }  // valid
  if (bits == parameters.nan_bits) { return bits; }
  let x = bitcast<f32>(bits);
  var result = 0.0;
  switch operation {
    case 8u: { result = -x; }
    case 9u: { return truth(bits == 0u); }
    case 10u: { return bits & 0x7fffffffu; }
    case 11u: {
      if (x < 0.0) { return parameters.nan_bits; }
      result = sqrt(x);
    }
    case 12u: {
      if (x <= 0.0) { return parameters.nan_bits; }
      result = log(x);
    }
    case 13u: {
      if (x <= 0.0) { return parameters.nan_bits; }
      result = log2(x) * DECIMAL_PER_OCTAVE;
    }
    case 14u: {
      if (x > 88.72283) { return parameters.nan_bits; }
      if (x < -87.33654) { return 0u; }
      result = exp(x);
    }
    case 15u: { result = floor(x); }
    case 16u: {
      var power = ONE;
      for (var k = 0u; k < argument; k++) { power = settle(bitcast<u32>(bitcast<f32>(power) * x)); if (power == parameters.nan_bits) { break; } }
      return power;
    }
    default: {  // 17: bits
      if (x < 0.0 || x >= 16777216.0 || x != floor(x)) { return parameters.nan_bits; }
      result = f32(extractBits(u32(x), argument & 255u, argument >> 8u));
    }
  }
  return settle(bitcast<u32>(result));
}

fn binary(operation: u32, left: u32, right: u32) -> u32 {
  if (left == parameters.nan_bits || right == parameters.nan_bits) { return parameters.nan_bits; }
  let a = bitcast<f32>(left);
  let b = bitcast<f32>(right);
  var result = 0.0;
  switch operation {
    case 32u: { result = a + b; }
    case 33u: { result = a - b; }
    case 34u: { result = a * b; }
    case 35u: {
      if (right == 0u) { return parameters.nan_bits; }
      result = a / b;
    }
    case 36u: { result = min(a, b); }
    case 37u: { result = max(a, b); }
    case 38u: { return truth(a < b); }
    case 39u: { return truth(a <= b); }
    case 40u: { return truth(a > b); }
    case 41u: { return truth(a >= b); }
    case 42u: { return truth(left == right); }
    case 43u: { return truth(left != right); }
    case 44u: { return truth(left != 0u && right != 0u); }
    default: { return truth(left != 0u || right != 0u); }  // 45: or
  }
  return settle(bitcast<u32>(result));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let index = flat_index(id);
  if (index >= parameters.count) { return; }
  var stack: array<u32, 16>;
  var height = 0u;
  for (var k = 0u; k < parameters.instructions; k++) {
    let operation = program[2u * k];
    let argument = program[2u * k + 1u];
    if (operation < 8u) {
      var value = parameters.nan_bits;
      if (operation == 0u) { value = settle(band(argument, index)); }
      if (operation == 1u) { value = settle(argument); }
      stack[height] = value;
      height++;
    } else if (operation < 32u) {
      stack[height - 1u] = unary(operation, argument, stack[height - 1u]);
    } else if (operation < 64u) {
      height--;
      stack[height - 1u] = binary(operation, stack[height - 1u], stack[height]);
    } else {  // where
      height -= 2u;
      let condition = stack[height - 1u];
      if (condition != parameters.nan_bits) {
        stack[height - 1u] = select(stack[height], stack[height + 1u], condition == 0u);
      }
    }
  }
  destination[parameters.first + index] = stack[0];
}
