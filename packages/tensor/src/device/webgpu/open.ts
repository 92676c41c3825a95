/** Opens the WebGPU device on any GPU object: `navigator.gpu` in browsers, that of npm's `webgpu` in Node. */
import { requestDevice } from './adapter.ts';
import type { ShaderSource } from './shaders.ts';
import { WebgpuDevice } from './webgpu-device.ts';

export interface OpenWebgpuOptions {
  readonly gpu: GPU;
  /** Texts of the folder `shaders/`. */
  readonly shaders: ShaderSource;
  /** Whether an adapter that computes on the processor will do. */
  readonly allowSoftware: boolean;
  /** Called once when the device is closed. */
  readonly onClose?: (device: WebgpuDevice) => void;
}

/** Throws 'device' where there is no adapter that will do. */
export async function openWebgpu({ gpu, shaders, allowSoftware, onClose }: OpenWebgpuOptions): Promise<WebgpuDevice> {
  return new WebgpuDevice(await requestDevice(gpu, allowSoftware), shaders, onClose ?? (() => {}));
}
