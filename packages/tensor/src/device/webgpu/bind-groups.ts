/**
 * Bind groups, kept by layout and buffers. A bind group keeps its buffers alive, so all are dropped when the pool destroys blocks; the number
 * kept is bounded for programs whose shapes never repeat.
 */
import type { Block } from './buffer-pool.ts';
import type { BindingLayout } from './pipelines.ts';

/** What a dispatch sees of the parameter buffer: 64 words. Also WebGPU's alignment of dynamic offsets. */
export const GPU_UNIFORM_WINDOW_BYTES = 256;

const MAXIMUM_KEPT = 8192;

export interface BoundRange {
  readonly block: Block;
  readonly byteOffset: number;
  readonly bytes: number;
}

export class BindGroups {
  private readonly device: GPUDevice;
  private readonly parameters: GPUBuffer;
  private readonly groups = new Map<string, GPUBindGroup>();

  constructor(device: GPUDevice, parameters: GPUBuffer) {
    this.device = device;
    this.parameters = parameters;
  }

  get(layout: BindingLayout, ranges: readonly BoundRange[], label: string): GPUBindGroup {
    let key = layout.key;
    for (const { block, byteOffset, bytes } of ranges) key += `,${block.id}:${byteOffset}:${bytes}`;
    const known = this.groups.get(key);
    if (known !== undefined) return known;
    if (this.groups.size >= MAXIMUM_KEPT) this.groups.clear();
    const group = this.device.createBindGroup({
      label,
      layout: layout.bindGroup,
      entries: [
        { binding: 0, resource: { buffer: this.parameters, size: GPU_UNIFORM_WINDOW_BYTES } },
        ...ranges.map(({ block, byteOffset, bytes }, i) => ({
          binding: i + 1,
          resource: { buffer: block.gpu, offset: byteOffset, size: bytes },
        })),
      ],
    });
    this.groups.set(key, group);
    return group;
  }

  clear(): void {
    this.groups.clear();
  }
}
