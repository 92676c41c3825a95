/**
 * A tensor is a handle: a shape and a data type over a piece of device memory that several handles may share. It is contiguous, channels last.
 * It may also be a place in the record of operations (see autograd.ts). Handles are freed by hand or by a scope (see scope.ts).
 */
import { type BackwardOptions, backward, Variable } from './autograd.ts';
import type { Device, DeviceBuffer, Operand } from './device/device.ts';
import { type DType, type HostArray, isFloat } from './dtype.ts';
import { VoxelgradError } from './errors.ts';
import { type GradientHook, type HookHandle, registerAccumulationHook, registerHook } from './gradient-hooks.ts';
import type { Recipe } from './recompute.ts';
import { enterScope, leaveScope } from './scope.ts';
import { checkShape, type Shape, showShape, sizeOf } from './shape.ts';

/** Device memory and how many handles share it. */
class Storage {
  readonly buffer: DeviceBuffer;
  readonly #device: Device;
  #handles = 0;

  constructor(device: Device, buffer: DeviceBuffer) {
    this.#device = device;
    this.buffer = buffer;
  }

  get shared(): boolean {
    return this.#handles > 1;
  }

  retain(): void {
    this.#handles++;
  }

  release(): void {
    if (--this.#handles === 0) this.#device.free(this.buffer);
  }
}

const CONSTRUCT = Symbol('tensors are made by functions, not by new');

/** Numbers on a device: contiguous, channels last. Freed by `dispose()` or by the `tidy` that it is made in. */
export class Tensor implements Operand {
  readonly device: Device;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Elements in all. */
  readonly size: number;
  #byteOffset: number;
  #storage: Storage;
  #variable: Variable | undefined;
  #recipe: Recipe | undefined;
  #disposed = false;

  constructor(
    key: typeof CONSTRUCT,
    device: Device,
    storage: Storage,
    byteOffset: number,
    dtype: DType,
    shape: Shape,
    scoped: boolean,
  ) {
    if (key !== CONSTRUCT)
      throw new VoxelgradError('option', { what: 'new Tensor', help: 'use fromArray, zeros or full' });
    this.device = device;
    this.dtype = dtype;
    this.shape = shape;
    this.#byteOffset = byteOffset;
    this.size = sizeOf(shape);
    this.#storage = storage;
    storage.retain();
    if (scoped) enterScope(this);
  }

  /** New memory with unspecified content. */
  static empty(device: Device, dtype: DType, shape: Shape): Tensor {
    checkShape(shape, 'a new tensor');
    const bytes = device.bytesFor(dtype, sizeOf(shape));
    if (bytes > 2 ** 31)
      throw new VoxelgradError('out-of-memory', {
        what: `a ${dtype} tensor of shape ${showShape(shape)}`,
        expected: 'at most 2 GiB',
        got: `${bytes.toLocaleString('en')} bytes`,
        help: 'use a smaller patch or batch',
      });
    return new Tensor(CONSTRUCT, device, new Storage(device, device.allocate(bytes)), 0, dtype, shape, true);
  }

  /** The memory this handle stands for; kernels use it. Throws 'disposed' after dispose(). */
  get buffer(): DeviceBuffer {
    if (this.#disposed)
      throw new VoxelgradError('disposed', {
        what: `a ${this.dtype} tensor of shape ${showShape(this.shape)} is used after it was disposed of`,
        help: 'return it from tidy, or keep() it, if it is needed later',
      });
    return this.#storage.buffer;
  }

  get byteOffset(): number {
    return this.#byteOffset;
  }

  get rank(): number {
    return this.shape.length;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** Whether other handles share the memory. */
  get shared(): boolean {
    return this.#storage.shared;
  }

  /** Its place in the record of operations, if gradients flow through it. */
  get variable(): Variable | undefined {
    return this.#variable;
  }

  get requiresGradient(): boolean {
    return this.#variable !== undefined;
  }

  /** The gradient that backward() left on a tensor made by `requireGradient()`. It belongs to this tensor: do not dispose of it. */
  get gradient(): Tensor | undefined {
    return this.#variable?.gradient;
  }

  /**
   * Makes this tensor one that backward() leaves a gradient on. Returns itself. Throws 'autograd' for the output of a recorded op: gradients pass
   * through it and are left on none but the tensors it was made from.
   */
  requireGradient(): this {
    if (!isFloat(this.dtype))
      throw new VoxelgradError('dtype', { what: 'requireGradient', expected: 'f32 or f16', got: this.dtype });
    if (this.#variable === undefined) this.attach(new Variable(undefined));
    else if (!this.#variable.isLeaf)
      throw new VoxelgradError('autograd', {
        what: `requireGradient on ${this}`,
        expected: 'a tensor without history',
        got: 'the output of an op on one that requires a gradient',
        help: 'use gradients(loss, [tensor]) or registerHook for its gradient, or detach() it to start anew from its values',
      });
    return this;
  }

  /** Ties this handle to its place in the record. For ops. */
  attach(variable: Variable): void {
    this.#variable = variable;
    variable.retain();
  }

  /** Another handle on the same memory and the same place in the record; belongs to no scope unless asked. */
  alias(scoped = false): Tensor {
    const other = this.view(this.shape, 0, scoped);
    if (this.#variable !== undefined) other.attach(this.#variable);
    if (this.#recipe !== undefined) other.remember(this.#recipe);
    return other;
  }

  /** How it is made again, where records are to save that instead of its values: see recompute.ts. */
  get recipe(): Recipe | undefined {
    return this.#recipe;
  }

  /** From now on records save the recipe. For ops. */
  remember(recipe: Recipe): void {
    this.#recipe = recipe;
    recipe.retain();
  }

  /** The same values without their history: no gradient flows through the result. */
  detach(): Tensor {
    return this.view(this.shape, 0, true);
  }

  /** A handle on `shape` elements from `elementOffset` on, without history. The offset in bytes must be a multiple of 256. */
  view(shape: Shape, elementOffset = 0, scoped = true): Tensor {
    void this.buffer;
    const byteOffset = this.byteOffset + this.device.bytesFor(this.dtype, elementOffset);
    return new Tensor(CONSTRUCT, this.device, this.#storage, byteOffset, this.dtype, shape, scoped);
  }

  /**
   * From now on this handle stands for the memory of `place`, a tensor of the same shape and dtype, whose values it takes over. Lets an optimizer
   * gather parameters in one arena. Other handles on the old memory are not moved.
   */
  moveTo(place: Tensor): void {
    if (place.device !== this.device || place.dtype !== this.dtype || place.size !== this.size)
      throw new VoxelgradError('shape', { what: 'moveTo', expected: String(this), got: String(place) });
    void this.buffer;
    place.#storage.retain();
    this.#storage.release();
    this.#storage = place.#storage;
    this.#byteOffset = place.#byteOffset;
  }

  /** The values, once everything enqueued before has run. */
  async data(): Promise<HostArray> {
    const handle = this.view(this.shape, 0, false);
    try {
      return await this.device.read(handle);
    } finally {
      handle.dispose();
    }
  }

  /** The value of a tensor with one element. */
  async item(): Promise<number> {
    if (this.size !== 1)
      throw new VoxelgradError('shape', {
        what: 'item',
        expected: 'a tensor with one element',
        got: showShape(this.shape),
      });
    return (await this.data())[0]!;
  }

  /** Overwrites the values. Not recorded. */
  write(values: HostArray): void {
    if (values.length !== this.size)
      throw new VoxelgradError('shape', { what: 'write', expected: `${this.size} values`, got: String(values.length) });
    this.device.write(this, values);
  }

  /**
   * Gradients of this tensor (times `gradient`; by default it must have one element) on every tensor it depends on that was made by
   * `requireGradient()`, added to what is there. Frees the record unless `retainGraph` or `createGraph` (which records the gradients
   * themselves, for gradients of gradients).
   */
  backward(gradient?: Tensor, options: BackwardOptions = {}): void {
    backward(this, gradient, options);
  }

  /**
   * From now on each backward() calls `hook` once with the whole gradient of this tensor, be it a leaf or the output of an op; what it returns takes
   * the gradient's place, for all that is computed from it. Several hooks run in order, each on what the one before left. The gradient is freed
   * afterwards, like all that the hook makes: `keep(gradient.detach())` holds on to it. With `createGraph` what the hook computes is differentiable.
   * Under `noGrad` there is nothing to observe and the hook is never called. Throws 'autograd' on a tensor without history. As PyTorch's register_hook.
   */
  registerHook(hook: GradientHook): HookHandle {
    return registerHook(this, hook);
  }

  /**
   * `hook` is called whenever backward() has added to this leaf's `gradient`, and sees the sum. Throws 'autograd' on a tensor that collects no gradient.
   * As PyTorch's register_post_accumulate_grad_hook.
   */
  registerAccumulationHook(hook: (gradient: Tensor) => void): HookHandle {
    return registerAccumulationHook(this, hook);
  }

  /** Frees the handle; the memory goes with its last one. Doing it twice does no harm. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    leaveScope(this);
    this.#variable?.release();
    this.#recipe?.release();
    this.#storage.release();
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  toString(): string {
    return `Tensor(${this.dtype} ${showShape(this.shape)} on ${this.device.kind})`;
  }
}
