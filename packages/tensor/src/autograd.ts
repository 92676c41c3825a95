/**
 * The record of operations, and how gradients walk it backwards.
 *
 * A tensor that gradients flow through has a `Variable`: either a leaf, which collects a gradient, or the output of an op, which knows the
 * variables it was made from, the tensors its gradient needs, and a function from the output's gradient to the inputs' gradients. Variables are
 * counted by the handles and later variables that refer to them; the last one gone frees what was saved. `backward` visits them from the newest to
 * the oldest: since an op can only use what exists, that order is topological. See docs/tape.md.
 */
import { VoxelgradError } from './errors.ts';
import { afterHooks, type Hooks } from './gradient-hooks.ts';
import { cast } from './ops/copy/cast.ts';
import { add } from './ops/elementwise/elementwise.ts';
import { hold, type Saved } from './recompute.ts';
import { tidy } from './scope.ts';
import { sameShape, showShape } from './shape.ts';
import { Switch } from './switch.ts';
import { Tensor } from './tensor.ts';

/** The gradients of an op's inputs (undefined where an input needs none) from that of its output and from what the op saved. */
export type GradientFunction<Tensors extends readonly Tensor[]> = (
  gradient: Tensor,
  saved: { readonly [Index in keyof Tensors]: Tensor },
) => readonly (Tensor | undefined)[];

interface Producer {
  readonly name: string;
  readonly inputs: readonly (Variable | undefined)[];
  readonly saved: readonly Saved[];
  /** Which of the saved tensors is the op's own output. */
  readonly savedOutput: number;
  readonly gradientFunction: GradientFunction<readonly Tensor[]>;
}

let created = 0;
const recording = new Switch('noGrad', true);

export class Variable {
  /** Ops are numbered as they are recorded. */
  readonly order = created++;
  /** Only on leaves. */
  gradient: Tensor | undefined;
  /** See Tensor.registerHook and Tensor.registerAccumulationHook. Most variables have none. */
  hooks: Hooks<Tensor | undefined> | undefined;
  accumulationHooks: Hooks<void> | undefined;
  #producer: Producer | undefined;
  #freed = false;
  #references = 0;

  constructor(producer: Producer | undefined) {
    this.#producer = producer;
    for (const input of producer?.inputs ?? []) input?.retain();
  }

  /** Whether it collects a gradient, rather than being made by an op. */
  get isLeaf(): boolean {
    return this.#producer === undefined && !this.#freed;
  }

  get producer(): Producer | undefined {
    if (this.#freed)
      throw new VoxelgradError('autograd', {
        what: 'backward through a part of the record that was freed',
        help: 'pass { retainGraph: true } to the first backward()',
      });
    return this.#producer;
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    if (--this.#references > 0) return;
    this.gradient?.dispose();
    this.free();
  }

  /** Frees what was saved for the gradient. */
  free(): void {
    const producer = this.#producer;
    if (producer === undefined) return;
    this.#producer = undefined;
    this.#freed = true;
    for (const saved of producer.saved) saved.dispose();
    for (const input of producer.inputs) input?.release();
  }
}

/** Runs `work` without recording: results have no history. */
export function noGrad<Result>(work: () => Result): Result {
  return withRecording(false, work);
}

/** Runs `work` with recording switched on or off. */
export function withRecording<Result>(on: boolean, work: () => Result): Result {
  const before = used;
  used = undefined;
  try {
    return recording.run(on, work);
  } finally {
    used = before;
  }
}

/** The variables that ops would have been recorded from, while `traced` runs. */
let used: Set<Variable> | undefined;

/** Runs `work` without recording, and tells which variables what it makes depends on. */
export function traced(work: () => Tensor): { readonly output: Tensor; readonly variables: ReadonlySet<Variable> } {
  const variables = new Set<Variable>();
  const output = withRecording(false, () => {
    used = variables;
    return work();
  });
  return { output, variables };
}

/** Counts variables among those that traced work depends on. */
export function markUsed(variables: readonly (Variable | undefined)[]): void {
  if (used === undefined) return;
  for (const variable of variables) if (variable !== undefined) used.add(variable);
}

export const isRecording = (): boolean => recording.on;

/** Whether an op on these inputs has to be recorded. */
export const isRecorded = (inputs: readonly (Tensor | undefined)[]): boolean =>
  recording.on && inputs.some((input) => input?.requiresGradient === true);

/**
 * Records that `output` was made from `inputs` and returns it. `save` lists the tensors that the gradient needs, possibly the output itself;
 * `gradient` gets them back as handles that live as long as the record. Nothing is saved where nothing is recorded.
 */
export function record<const Saved extends readonly Tensor[]>(
  name: string,
  inputs: readonly (Tensor | undefined)[],
  output: Tensor,
  save: Saved,
  gradient: GradientFunction<Saved>,
): Tensor {
  const variables = inputs.map((input) => input?.variable);
  return recordFrom(name, variables, output, save, gradient);
}

/** As `record`, for ops that know of the variables but have no handles on them. */
export function recordFrom<const Saved extends readonly Tensor[]>(
  name: string,
  inputs: readonly (Variable | undefined)[],
  output: Tensor,
  save: Saved,
  gradient: GradientFunction<Saved>,
): Tensor {
  markUsed(inputs);
  if (!recording.on || inputs.every((input) => input === undefined)) return output;
  const producer: Producer = {
    name,
    inputs,
    saved: save.map(hold),
    savedOutput: save.indexOf(output),
    gradientFunction: gradient as unknown as GradientFunction<readonly Tensor[]>,
  };
  output.attach(new Variable(producer));
  return output;
}

/** An op whose gradient function is not itself differentiable says so with this error when gradients of gradients are asked for. */
export function notTwiceDifferentiable(op: string): void {
  if (recording.on)
    throw new VoxelgradError('autograd', {
      what: `the gradient of the fused op ${op} cannot be differentiated again`,
      help: 'use the plain ops it is made of where gradients of gradients are needed',
    });
}

/** How the record is walked. */
export interface BackwardOptions {
  /** Keeps the record, so that it can be walked again. */
  readonly retainGraph?: boolean;
  /** Records the gradients themselves, for gradients of gradients; keeps the record as well. */
  readonly createGraph?: boolean;
}

/** Variables, leaves or not, whose gradients are noted here as handles without a scope, instead of on leaves. */
export interface Wanted {
  readonly found: Map<Variable, Tensor | undefined>;
  /** Nothing behind them is visited, and their hooks are left to whoever walks on from there. */
  readonly last: boolean;
}

/** See Tensor.backward. With `wanted` no leaf gets a gradient. */
export function backward(
  output: Tensor,
  gradient: Tensor | undefined,
  { retainGraph, createGraph }: BackwardOptions,
  wanted?: Wanted,
): void {
  const root = output.variable;
  if (root === undefined)
    throw new VoxelgradError('autograd', {
      what: `backward on ${output}`,
      expected: 'a tensor that depends on one made by requireGradient()',
      got: 'one without history',
      help: 'it may have been made under noGrad or detached',
    });
  if (gradient === undefined ? output.size !== 1 : !sameShape(gradient.shape, output.shape))
    throw new VoxelgradError('shape', {
      what: `backward on ${output}`,
      expected:
        gradient === undefined
          ? 'a tensor with one element, or a gradient'
          : `a gradient of shape ${showShape(output.shape)}`,
      got: gradient === undefined ? showShape(output.shape) : showShape(gradient.shape),
    });
  const variables = reachable(root, wanted);
  const gradients = new Map<Variable, Tensor>();
  // Freeing a variable releases those it was made from, which must not go before their turn.
  for (const variable of variables) variable.retain();
  let visited = 0;
  try {
    // The scope frees what an error leaves behind.
    tidy(() =>
      withRecording(createGraph === true, () => {
        gradients.set(root, gradient === undefined ? seed(output) : gradient.alias(true));
        for (const variable of variables) {
          visit(variable, gradients, retainGraph !== true && createGraph !== true, wanted);
          visited++;
          variable.release();
        }
      }),
    );
  } finally {
    for (const variable of variables.slice(visited)) variable.release();
  }
}

/** Takes the whole gradient of one variable, past its hooks, to the leaf's place or on to what it was made from. */
function visit(variable: Variable, gradients: Map<Variable, Tensor>, free: boolean, wanted: Wanted | undefined): void {
  const total = gradients.get(variable);
  if (total === undefined) return;
  gradients.delete(variable);
  if (isLast(variable, wanted)) {
    wanted?.found.set(variable, total.alias());
    total.dispose();
    return;
  }
  const producer = variable.producer;
  const name = producer === undefined ? 'a leaf' : `the output of ${producer.name}`;
  const incoming = variable.hooks === undefined ? total : afterHooks(variable.hooks, total, name);
  if (wanted?.found.has(variable)) wanted.found.set(variable, incoming.alias());
  if (producer !== undefined) propagate(variable, producer, incoming, gradients);
  else if (wanted === undefined) deliver(variable, incoming);
  if (free) variable.free();
  incoming.dispose();
}

/** Runs one gradient function and adds what it returns to the gradients of the inputs. */
function propagate(variable: Variable, producer: Producer, incoming: Tensor, gradients: Map<Variable, Tensor>): void {
  const outgoing = tidy(() => {
    const saved = producer.saved.map((each, i) =>
      i === producer.savedOutput ? within(each.take(), variable) : each.take(),
    );
    return producer.gradientFunction(incoming, saved).map((gradient) => gradient?.alias(true));
  });
  producer.inputs.forEach((input, i) => {
    const contribution = outgoing[i];
    if (contribution === undefined) return;
    if (input === undefined) contribution.dispose();
    else gradients.set(input, sum(gradients.get(input), contribution));
  });
}

/** A handle on a saved output with its place in the record, which the saved one lacks: a variable must not hold on to itself. */
function within(output: Tensor, variable: Variable): Tensor {
  const handle = output.alias(true);
  handle.attach(variable);
  return handle;
}

const isLast = (variable: Variable, wanted: Wanted | undefined): boolean =>
  wanted?.last === true && wanted.found.has(variable);

/** All variables that `root` depends on, itself included, newest first. */
function reachable(root: Variable, wanted: Wanted | undefined): Variable[] {
  const found = new Set([root]);
  for (const variable of found) {
    if (isLast(variable, wanted)) continue;
    for (const input of variable.producer?.inputs ?? []) if (input !== undefined) found.add(input);
  }
  return [...found].sort((a, b) => b.order - a.order);
}

function seed(output: Tensor): Tensor {
  const ones = Tensor.empty(output.device, output.dtype, output.shape);
  output.device.kernels.fill(ones, 1);
  return ones;
}

/** Both are consumed. Adds in place where nobody else sees the first. */
function sum(total: Tensor | undefined, contribution: Tensor): Tensor {
  if (total === undefined) return contribution;
  if (!recording.on && !total.shared && total.dtype === 'f32' && contribution.dtype === 'f32') {
    total.device.kernels.accumulate(contribution, total, 1);
    contribution.dispose();
    return total;
  }
  const result = total.dtype === contribution.dtype ? add(total, contribution) : inF32(total, contribution);
  total.dispose();
  contribution.dispose();
  return result;
}

/** The sum of two of which either may be f16: a weight's gradient is f32 from a convolution, and f16 from other ops on the same weight. */
const inF32 = (a: Tensor, b: Tensor): Tensor => tidy(() => add(cast(a, 'f32'), cast(b, 'f32')));

/** Adds to a leaf's gradient. The memory of an existing gradient stays in place: optimizers keep gradients in one arena. */
function deliver(leaf: Variable, incoming: Tensor): void {
  const present = leaf.gradient;
  if (present === undefined) {
    // A copy if others see the memory: the caller's own gradient must not change when more is added.
    leaf.gradient = incoming.shared && !recording.on ? copyOf(incoming) : incoming.alias();
  } else if (recording.on) {
    leaf.gradient = (present.dtype === incoming.dtype ? add(present, incoming) : inF32(present, incoming)).alias();
    present.dispose();
  } else if (present.dtype === 'f32') {
    present.device.kernels.accumulate(cast(incoming, 'f32'), present, 1);
  } else present.device.kernels.cast(inF32(present, incoming), present);
  for (const { hook } of leaf.accumulationHooks ?? []) hook(leaf.gradient!);
}

function copyOf(tensor: Tensor): Tensor {
  const copy = Tensor.empty(tensor.device, tensor.dtype, tensor.shape);
  const strides = [1];
  tensor.device.kernels.stridedCopy(tensor, copy, {
    shape: [tensor.size],
    fromOffset: 0,
    fromStrides: strides,
    toOffset: 0,
    toStrides: strides,
  });
  const kept = copy.alias();
  copy.dispose();
  return kept;
}
