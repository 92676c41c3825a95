// Functions that WGSL lacks, or leaves to drivers with errors far above f32's rounding. Four values at a time; all are f32.

fn is_nan(x: vec4<f32>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7fffffffu)) > vec4<u32>(0x7f800000u);
}

fn is_finite(x: vec4<f32>) -> vec4<bool> {
  return (bitcast<vec4<u32>>(x) & vec4<u32>(0x7f800000u)) != vec4<u32>(0x7f800000u);
}

// WGSL has no such constants: an expression known to be one does not compile, a variable's bits may be.
var<private> nan_bits: u32 = 0x7fc00000u;
var<private> infinity_bits: u32 = 0x7f800000u;

fn not_a_number() -> f32 {
  return bitcast<f32>(nan_bits);
}

fn infinity() -> f32 {
  return bitcast<f32>(infinity_bits);
}

// The larger and smaller of two; NaN if either is.
fn larger(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(b, a, (a > b) | is_nan(a));
}

fn smaller(a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
  return select(b, a, (a < b) | is_nan(a));
}

// ln(1 + x). Near 0 by the series of 2 artanh(x / (2 + x)), which needs no difference of nearly equal values.
fn log_one_plus(x: vec4<f32>) -> vec4<f32> {
  let s = x / (x + 2.0);
  let t = s * s;
  let near = 2.0 * s * (1.0 + t * (1.0 / 3.0 + t * (1.0 / 5.0 + t * (1.0 / 7.0 + t / 9.0))));
  return select(log(1.0 + x), near, abs(x) < vec4<f32>(0.25));
}

// Near 0 by Taylor's series, elsewhere by an exponential that cannot overflow.
fn hyperbolic_tangent(x: vec4<f32>) -> vec4<f32> {
  let t = x * x;
  let near = x * (1.0 + t * (-1.0 / 3.0 + t * (2.0 / 15.0 + t * (-17.0 / 315.0 + t * (62.0 / 2835.0)))));
  let e = exp(-2.0 * abs(x));
  return select(sign(x) * (1.0 - e) / (1.0 + e), near, abs(x) < vec4<f32>(0.2));
}

// eˣ − 1. Near 0 by Taylor's series.
fn exp_minus_one(x: vec4<f32>) -> vec4<f32> {
  let near = x * (1.0 + x / 2.0 * (1.0 + x / 3.0 * (1.0 + x / 4.0 * (1.0 + x / 5.0 * (1.0 + x / 6.0)))));
  return select(exp(x) - 1.0, near, abs(x) < vec4<f32>(0.2));
}

fn logistic(x: vec4<f32>) -> vec4<f32> {
  let e = exp(-abs(x));
  return select(e, vec4<f32>(1.0), x >= vec4<f32>(0.0)) / (1.0 + e);
}

// ln(1 + eˣ)
fn soft_plus(x: vec4<f32>) -> vec4<f32> {
  return max(x, vec4<f32>(0.0)) + log_one_plus(exp(-abs(x)));
}

// The error function by minimax polynomials (N. Juffa), both within 1 unit in the last place of f32.
fn error_function(x: vec4<f32>) -> vec4<f32> {
  let t = abs(x);
  let s = x * x;
  var far = fma(vec4<f32>(-1.72853470e-5), t, vec4<f32>(3.83197126e-4));
  let far_even = fma(vec4<f32>(-3.88396438e-3), t, vec4<f32>(2.42546219e-2));
  far = fma(far, s, far_even);
  far = fma(far, t, vec4<f32>(-1.06777877e-1));
  far = fma(far, t, vec4<f32>(-6.34846687e-1));
  far = fma(far, t, vec4<f32>(-1.28717512e-1));
  far = fma(far, t, -t);
  var near = vec4<f32>(-5.96761703e-4);
  near = fma(near, s, vec4<f32>(4.99119423e-3));
  near = fma(near, s, vec4<f32>(-2.67681349e-2));
  near = fma(near, s, vec4<f32>(1.12819925e-1));
  near = fma(near, s, vec4<f32>(-3.76125336e-1));
  near = fma(near, s, vec4<f32>(1.28379166e-1));
  return select(fma(near, x, x), sign(x) * (1.0 - exp(far)), t > vec4<f32>(0.927734375));
}

// xʸ; negative x only with whole y, else NaN.
fn power(x: vec4<f32>, y: vec4<f32>) -> vec4<f32> {
  let magnitude = exp2(y * log2(abs(x)));
  let negative = x < vec4<f32>(0.0);
  let whole = floor(y) == y;
  let odd = whole & (fract(y * 0.5) != vec4<f32>(0.0));
  let signed = select(magnitude, -magnitude, negative & odd);
  let result = select(signed, vec4<f32>(not_a_number()), negative & !whole);
  return select(result, vec4<f32>(1.0), y == vec4<f32>(0.0));
}

// xᵖ for one p: small whole powers by multiplication, which is exact where the result is.
fn uniform_power(x: vec4<f32>, p: f32) -> vec4<f32> {
  if (floor(p) != p || abs(p) > 32.0) {
    return power(x, vec4<f32>(p));
  }
  var result = vec4<f32>(1.0);
  var square = x;
  for (var exponent = u32(abs(p)); exponent > 0u; exponent >>= 1u) {
    if ((exponent & 1u) == 1u) {
      result *= square;
    }
    square *= square;
  }
  return select(result, 1.0 / result, p < 0.0);
}

// Whole powers of integers; negative exponents give the whole part.
fn integer_power(base: vec4<i32>, exponent: vec4<i32>) -> vec4<i32> {
  var result = vec4<i32>(1);
  var square = base;
  var rest = abs(exponent);
  while (any(rest > vec4<i32>(0))) {
    result = select(result, result * square, (rest & vec4<i32>(1)) == vec4<i32>(1));
    square *= square;
    rest >>= vec4<u32>(1u);
  }
  let inverse = select(vec4<i32>(0), result, abs(base) == vec4<i32>(1));
  return select(result, inverse, exponent < vec4<i32>(0));
}

// The sine of x + shift · π/2: reduced by quarter turns in three parts, then Cephes's polynomials. Drivers' own are off by up to 2·10⁻⁴.
fn shifted_sine(x: vec4<f32>, shift: i32) -> vec4<f32> {
  let turns = round(x * 0.636619772);
  var r = fma(turns, vec4<f32>(-1.5703125), x);
  r = fma(turns, vec4<f32>(-4.837512969970703125e-4), r);
  r = fma(turns, vec4<f32>(-7.54978995489188216e-8), r);
  let z = r * r;
  let sine = fma(fma(fma(vec4<f32>(-1.9515295891e-4), z, vec4<f32>(8.3321608736e-3)), z, vec4<f32>(-1.6666654611e-1)), z * r, r);
  let even = fma(fma(vec4<f32>(2.443315711809948e-5), z, vec4<f32>(-1.388731625493765e-3)), z, vec4<f32>(4.166664568298827e-2));
  let cosine = fma(even, z * z, 1.0 - 0.5 * z);
  let quadrant = vec4<i32>(turns) + shift;
  let value = select(sine, cosine, (quadrant & vec4<i32>(1)) == vec4<i32>(1));
  return select(value, -value, (quadrant & vec4<i32>(2)) == vec4<i32>(2));
}
