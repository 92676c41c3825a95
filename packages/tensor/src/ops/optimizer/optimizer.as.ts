/**
 * Optimizer updates over flat arenas, four parameters at a time. What `control` holds is told in optimizer.kernels.ts. The loops test at their end:
 * V8 computes what is worked out before a loop that tests at its start, but used only inside, again in every turn.
 */
import { chunkEnd, highDoubles, lowDoubles, madd, storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class GradientSquares {
  gradient: usize;
  /** One double for each chunk. */
  sums: usize;
  size: i32;
  chunk: i32;
}

@inline
function squares(x: v128, sum: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, x));
}

/** The sum of squares of one chunk. In doubles, where no float's square overflows: the sum is finite if all gradients are. */
export function gradientSquares(q: GradientSquares, item: i32, thread: i32): void {
  const start = item * q.chunk;
  let count = chunkEnd(item, q.chunk, q.size) - start;
  let from = q.gradient + (<usize>start << 2);
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  for (; count >= 8; count -= 8) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    s0 = squares(lowDoubles(a), s0);
    s1 = squares(highDoubles(a), s1);
    s2 = squares(lowDoubles(b), s2);
    s3 = squares(highDoubles(b), s3);
    from += 32;
  }
  const total = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  let sum = f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
  for (; count > 0; count--) {
    const g = <f64>load<f32>(from);
    sum += g * g;
    from += 4;
  }
  store<f64>(q.sums + (<usize>item << 3), sum);
}

@unmanaged
class PrepareStep {
  sums: usize;
  chunks: i32;
  control: usize;
  maximumNorm: f32;
  growthFactor: f32;
  backoffFactor: f32;
  growthInterval: f32;
}

/** From the chunks' sums to the factor of this step and the next loss scale; one item. */
export function prepareStep(q: PrepareStep, item: i32, thread: i32): void {
  let sum: f64 = 0;
  for (let i = 0; i < q.chunks; i++) sum += load<f64>(q.sums + (<usize>i << 3));
  const control = q.control;
  const scale = load<f32>(control, 12);
  const finite = sum < Infinity;
  let clip: f64 = 1;
  if (q.maximumNorm > 0 && finite) clip = min<f64>(1, <f64>q.maximumNorm / (sqrt(sum) / <f64>scale + 1e-6));
  store<f32>(control, <f32>(sum / <f64>scale / <f64>scale), 0);
  store<f32>(control, finite ? <f32>(clip / <f64>scale) : 0, 4);
  store<f32>(control, finite ? 0 : 1, 8);
  if (finite) store<f32>(control, load<f32>(control, 24) + 1, 24);
  else store<f32>(control, load<f32>(control, 20) + 1, 20);
  if (q.growthInterval > 0) nextLossScale(q, finite);
}

/** As torch.amp.GradScaler.update. */
@inline
function nextLossScale(q: PrepareStep, finite: bool): void {
  const control = q.control;
  const scale = load<f32>(control, 12);
  const steps = finite ? load<f32>(control, 16) + 1 : 0;
  const grown = scale * q.growthFactor;
  if (!finite) store<f32>(control, scale * q.backoffFactor, 12);
  else if (steps >= q.growthInterval && grown < Infinity) store<f32>(control, grown, 12);
  store<f32>(control, steps >= q.growthInterval ? 0 : steps, 16);
}

@unmanaged
class SgdStep {
  parameter: usize;
  gradient: usize;
  momentumBuffer: usize;
  control: usize;
  size: i32;
  chunk: i32;
  /** One float. */
  learningRate: usize;
  momentum: f32;
  /** 1 − dampening. */
  share: f32;
  weightDecay: f32;
  nesterov: i32;
}

/** Type arguments that stand for true and false. */
type Yes = i32;
type No = f32;

/** The last, incomplete vector of an arena has a loop of its own: a call in the loop would have V8 keep its constants in memory. */
@inline
function storeFour<PARTIAL>(to: usize, value: v128, count: i32): void {
  if (isInteger<PARTIAL>()) storeLanes32(to, value, count);
  else v128.store(to, value);
}

/** The momentum buffer is left alone where there is no momentum. */
function sgd<FIRST, MOMENTUM, NESTEROV, PARTIAL>(q: SgdStep, at: usize, count: i32): void {
  const factor = v128.load32_splat(q.control, 4);
  const rate = f32x4.splat(-load<f32>(q.learningRate));
  const decay = f32x4.splat(q.weightDecay);
  const momentum = f32x4.splat(q.momentum);
  const share = f32x4.splat(q.share);
  const parameters = q.parameter;
  const gradients = q.gradient;
  const buffers = q.momentumBuffer;
  do {
    const p = v128.load(parameters + at);
    let g = madd(p, decay, f32x4.mul(v128.load(gradients + at), factor));
    if (isInteger<MOMENTUM>()) {
      let buffer = g;
      if (!isInteger<FIRST>()) buffer = madd(g, share, f32x4.mul(v128.load(buffers + at), momentum));
      storeFour<PARTIAL>(buffers + at, buffer, count);
      g = isInteger<NESTEROV>() ? madd(buffer, momentum, g) : buffer;
    }
    storeFour<PARTIAL>(parameters + at, madd(g, rate, p), count);
    at += 16;
    count -= 4;
  } while (count > 0);
}

@inline
function sgdAll<FIRST, MOMENTUM, NESTEROV>(q: SgdStep, at: usize, count: i32): void {
  const whole = count & ~3;
  if (whole > 0) sgd<FIRST, MOMENTUM, NESTEROV, No>(q, at, whole);
  if (whole < count) sgd<FIRST, MOMENTUM, NESTEROV, Yes>(q, at + (<usize>whole << 2), count - whole);
}

export function sgdStep(q: SgdStep, item: i32, thread: i32): void {
  if (load<f32>(q.control, 8) != 0) return;
  const start = item * q.chunk;
  const count = chunkEnd(item, q.chunk, q.size) - start;
  const at = <usize>start << 2;
  if (q.momentum == 0) sgdAll<No, No, No>(q, at, count);
  else if (load<f32>(q.control, 24) == 1) {
    if (q.nesterov) sgdAll<Yes, Yes, Yes>(q, at, count);
    else sgdAll<Yes, Yes, No>(q, at, count);
  } else if (q.nesterov) sgdAll<No, Yes, Yes>(q, at, count);
  else sgdAll<No, Yes, No>(q, at, count);
}

@unmanaged
class AdamStep {
  parameter: usize;
  gradient: usize;
  first: usize;
  second: usize;
  /** 0 without AMSGrad. */
  maximum: usize;
  control: usize;
  size: i32;
  chunk: i32;
  /** One float. */
  learningRate: usize;
  /** The betas in two floats each: 1 − β loses too many digits in one. */
  beta1: f32;
  beta1Rest: f32;
  beta2: f32;
  beta2Rest: f32;
  epsilon: f32;
  weightDecay: f32;
  decoupled: i32;
}

/** base to the power of a whole number ≥ 0. */
function wholePower(base: f64, exponent: i32): f64 {
  let result: f64 = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

function adam<AMSGRAD, PARTIAL>(q: AdamStep, at: usize, count: i32): void {
  const beta1 = <f64>q.beta1 + <f64>q.beta1Rest;
  const beta2 = <f64>q.beta2 + <f64>q.beta2Rest;
  const steps = <i32>load<f32>(q.control, 24);
  const factor = v128.load32_splat(q.control, 4);
  const gradientDecay = f32x4.splat(q.decoupled ? 0 : q.weightDecay);
  const kept = f32x4.splat(q.decoupled ? <f32>(1 - <f64>load<f32>(q.learningRate) * <f64>q.weightDecay) : 1);
  const share1 = f32x4.splat(<f32>(1 - beta1));
  const keep2 = f32x4.splat(<f32>beta2);
  const share2 = f32x4.splat(<f32>(1 - beta2));
  const rate = f32x4.splat(<f32>(-<f64>load<f32>(q.learningRate) / (1 - wholePower(beta1, steps))));
  const correction = f32x4.splat(<f32>(1 / sqrt(1 - wholePower(beta2, steps))));
  const epsilon = f32x4.splat(q.epsilon);
  const parameters = q.parameter;
  const gradients = q.gradient;
  const firsts = q.first;
  const seconds = q.second;
  const maxima = q.maximum;
  do {
    const p = v128.load(parameters + at);
    const g = madd(p, gradientDecay, f32x4.mul(v128.load(gradients + at), factor));
    const before = v128.load(firsts + at);
    const m = madd(f32x4.sub(g, before), share1, before);
    const v = madd(f32x4.mul(g, g), share2, f32x4.mul(v128.load(seconds + at), keep2));
    let scale = v;
    if (isInteger<AMSGRAD>()) {
      scale = f32x4.max(v128.load(maxima + at), v);
      storeFour<PARTIAL>(maxima + at, scale, count);
    }
    const denominator = madd(f32x4.sqrt(scale), correction, epsilon);
    storeFour<PARTIAL>(firsts + at, m, count);
    storeFour<PARTIAL>(seconds + at, v, count);
    storeFour<PARTIAL>(parameters + at, madd(f32x4.div(m, denominator), rate, f32x4.mul(p, kept)), count);
    at += 16;
    count -= 4;
  } while (count > 0);
}

@inline
function adamAll<AMSGRAD>(q: AdamStep, at: usize, count: i32): void {
  const whole = count & ~3;
  if (whole > 0) adam<AMSGRAD, No>(q, at, whole);
  if (whole < count) adam<AMSGRAD, Yes>(q, at + (<usize>whole << 2), count - whole);
}

export function adamStep(q: AdamStep, item: i32, thread: i32): void {
  if (load<f32>(q.control, 8) != 0) return;
  const start = item * q.chunk;
  const count = chunkEnd(item, q.chunk, q.size) - start;
  const at = <usize>start << 2;
  if (q.maximum != 0) adamAll<Yes>(q, at, count);
  else adamAll<No>(q, at, count);
}

@unmanaged
class AdanStep {
  parameter: usize;
  gradient: usize;
  previous: usize;
  first: usize;
  difference: usize;
  second: usize;
  control: usize;
  size: i32;
  chunk: i32;
  /** One float. */
  learningRate: usize;
  /** In two floats each, as those of Adam. */
  beta1: f32;
  beta1Rest: f32;
  beta2: f32;
  beta2Rest: f32;
  beta3: f32;
  beta3Rest: f32;
  epsilon: f32;
  weightDecay: f32;
}

/** The first step keeps the gradient, and nothing else of it. */
function adan<FIRST, PARTIAL>(q: AdanStep, at: usize, count: i32): void {
  const beta1 = <f64>q.beta1 + <f64>q.beta1Rest;
  const beta2 = <f64>q.beta2 + <f64>q.beta2Rest;
  const beta3 = <f64>q.beta3 + <f64>q.beta3Rest;
  const steps = <i32>load<f32>(q.control, 24);
  const rate = <f64>load<f32>(q.learningRate);
  const factor = v128.load32_splat(q.control, 4);
  const share1 = f32x4.splat(<f32>beta1);
  const share2 = f32x4.splat(<f32>beta2);
  const share3 = f32x4.splat(<f32>beta3);
  const ahead = f32x4.splat(<f32>(1 - beta2));
  const keep3 = f32x4.splat(<f32>(1 - beta3));
  const correction1 = f32x4.splat(<f32>(1 / (1 - wholePower(1 - beta1, steps))));
  const correction2 = f32x4.splat(<f32>((1 - beta2) / (1 - wholePower(1 - beta2, steps))));
  const correction3 = f32x4.splat(<f32>(1 / sqrt(1 - wholePower(1 - beta3, steps))));
  const step = f32x4.splat(<f32>-rate);
  const kept = f32x4.splat(<f32>(1 / (1 + <f64>q.weightDecay * rate)));
  const epsilon = f32x4.splat(q.epsilon);
  const parameters = q.parameter;
  const gradients = q.gradient;
  const previous = q.previous;
  const firsts = q.first;
  const differences = q.difference;
  const seconds = q.second;
  do {
    const p = v128.load(parameters + at);
    const g = f32x4.mul(v128.load(gradients + at), factor);
    let next = p;
    if (!isInteger<FIRST>()) {
      const change = f32x4.sub(g, v128.load(previous + at));
      const firstBefore = v128.load(firsts + at);
      const differenceBefore = v128.load(differences + at);
      const m = madd(f32x4.sub(g, firstBefore), share1, firstBefore);
      const v = madd(f32x4.sub(change, differenceBefore), share2, differenceBefore);
      const foreseen = madd(change, ahead, g);
      const n = madd(f32x4.mul(foreseen, foreseen), share3, f32x4.mul(v128.load(seconds + at), keep3));
      const direction = madd(v, correction2, f32x4.mul(m, correction1));
      next = madd(f32x4.div(direction, madd(f32x4.sqrt(n), correction3, epsilon)), step, p);
      storeFour<PARTIAL>(firsts + at, m, count);
      storeFour<PARTIAL>(differences + at, v, count);
      storeFour<PARTIAL>(seconds + at, n, count);
    }
    storeFour<PARTIAL>(previous + at, g, count);
    storeFour<PARTIAL>(parameters + at, f32x4.mul(next, kept), count);
    at += 16;
    count -= 4;
  } while (count > 0);
}

@inline
function adanAll<FIRST>(q: AdanStep, at: usize, count: i32): void {
  const whole = count & ~3;
  if (whole > 0) adan<FIRST, No>(q, at, whole);
  if (whole < count) adan<FIRST, Yes>(q, at + (<usize>whole << 2), count - whole);
}

export function adanStep(q: AdanStep, item: i32, thread: i32): void {
  if (load<f32>(q.control, 8) != 0) return;
  const start = item * q.chunk;
  const count = chunkEnd(item, q.chunk, q.size) - start;
  const at = <usize>start << 2;
  if (load<f32>(q.control, 24) == 1) adanAll<Yes>(q, at, count);
  else adanAll<No>(q, at, count);
}
