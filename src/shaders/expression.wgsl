// A stack interpreter for band arithmetic (src/kernels/expression.ts). All invocations run the same program, each for four
// neighbouring values, which share the decoding of instructions.

// stacked 1: plane_0 has all bands, concatenated

const DECIMAL_PER_OCTAVE = 0.30102999566398120;  // log10(2)

fn load(number: u32, index: u32) -> u32 {
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

// Beyond the end, the last value is repeated.
fn band(number: u32, first: u32) -> vec4u {
  let last = parameters.count - 1u;
  return vec4u(
    load(number, first),
    load(number, min(first + 1u, last)),
    load(number, min(first + 2u, last)),
    load(number, min(first + 3u, last)),
  );
}

fn is_missing_bits(bits: vec4u) -> vec4<bool> {
  return bits == vec4u(parameters.nan_bits);
}

// Values that are not finite become no data; subnormal values, which devices may flush, and -0 become 0.
fn settle(bits: vec4u) -> vec4u {
  let exponent = bits & vec4u(0x7f800000u);
  let normal = select(bits, vec4u(0u), exponent == vec4u(0u));
  return select(normal, vec4u(parameters.nan_bits), exponent == vec4u(0x7f800000u));
}

fn truth(condition: vec4<bool>) -> vec4u {
  return select(vec4u(0u), vec4u(0x3f800000u), condition);
}

// The result where it exists, else no data.
fn only_where(possible: vec4<bool>, result: vec4f) -> vec4u {
  return select(vec4u(parameters.nan_bits), bitcast<vec4u>(result), possible);
}

// Where x has data.
fn unary(operation: u32, argument: u32, bits: vec4u) -> vec4u {
  let x = bitcast<vec4f>(bits);
  switch operation {
    case 8u: { return bits ^ vec4u(0x80000000u); }
    case 9u: { return truth(bits == vec4u(0u)); }
    case 10u: { return bits & vec4u(0x7fffffffu); }
    case 11u: { return only_where(x >= vec4f(0.0), sqrt(max(x, vec4f(0.0)))); }
    case 12u: { return only_where(x > vec4f(0.0), log(x)); }
    case 13u: { return only_where(x > vec4f(0.0), log2(x) * DECIMAL_PER_OCTAVE); }
    case 14u: {
      let result = select(exp(x), vec4f(0.0), x < vec4f(-87.33654));
      return only_where(x <= vec4f(88.72283), result);
    }
    case 15u: { return bitcast<vec4u>(floor(x)); }
    case 16u: {
      var power = truth(vec4<bool>(true));
      for (var k = 0u; k < argument; k++) { power = binary(34u, power, bits); }
      return power;
    }
    default: {  // 17: bits
      let whole = (x >= vec4f(0.0)) & (x < vec4f(16777216.0)) & (x == floor(x));
      return only_where(whole, vec4f(extractBits(vec4u(x), argument & 255u, argument >> 8u)));
    }
  }
}

// Where a and b have data.
fn combine(operation: u32, left: vec4u, right: vec4u) -> vec4u {
  let a = bitcast<vec4f>(left);
  let b = bitcast<vec4f>(right);
  let zero = vec4u(0u);
  switch operation {
    case 32u: { return bitcast<vec4u>(a + b); }
    case 33u: { return bitcast<vec4u>(a - b); }
    case 34u: { return bitcast<vec4u>(a * b); }
    case 35u: { return only_where(right != zero, a / b); }
    case 36u: { return bitcast<vec4u>(min(a, b)); }
    case 37u: { return bitcast<vec4u>(max(a, b)); }
    case 38u: { return truth(a < b); }
    case 39u: { return truth(a <= b); }
    case 40u: { return truth(a > b); }
    case 41u: { return truth(a >= b); }
    case 42u: { return truth(left == right); }
    case 43u: { return truth(left != right); }
    case 44u: { return truth((left != zero) & (right != zero)); }
    default: { return truth((left | right) != zero); }  // 45: or
  }
}

fn binary(operation: u32, left: vec4u, right: vec4u) -> vec4u {
  let result = settle(combine(operation, left, right));
  return select(result, vec4u(parameters.nan_bits), is_missing_bits(left) | is_missing_bits(right));
}

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let first = 4u * flat_index(id);
  if (first >= parameters.count) { return; }
  var stack: array<vec4u, 16>;
  var height = 0u;
  for (var k = 0u; k < parameters.instructions; k++) {
    let operation = program[2u * k];
    let argument = program[2u * k + 1u];
    if (operation < 8u) {
      var value = vec4u(parameters.nan_bits);
      if (operation == 0u) { value = settle(band(argument, first)); }
      if (operation == 1u) { value = settle(vec4u(argument)); }
      stack[height] = value;
      height++;
    } else if (operation == 18u) {  // valid
      stack[height - 1u] = truth(!is_missing_bits(stack[height - 1u]));
    } else if (operation < 32u) {
      let x = stack[height - 1u];
      stack[height - 1u] = select(settle(unary(operation, argument, x)), x, is_missing_bits(x));
    } else if (operation < 64u) {
      height--;
      stack[height - 1u] = binary(operation, stack[height - 1u], stack[height]);
    } else {  // where
      height -= 2u;
      let condition = stack[height - 1u];
      let chosen = select(stack[height], stack[height + 1u], condition == vec4u(0u));
      stack[height - 1u] = select(chosen, condition, is_missing_bits(condition));
    }
  }
  let result = stack[0];
  for (var i = 0u; i < 4u; i++) {
    if (first + i < parameters.count) { destination[parameters.first + first + i] = result[i]; }
  }
}
