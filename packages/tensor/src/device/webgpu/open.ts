/** Opens the WebGPU device on any GPU object: `navigator.gpu` in browsers, that of npm's `webgpu` in Node. */
import { requestDevice } from './adapter.ts';
import { type ChoiceStore, Choices } from './choices.ts';
import type { ShaderSource } from './shaders.ts';
import { WebgpuDevice } from './webgpu-device.ts';

export interface OpenWebgpuOptions {
  readonly gpu: GPU;
  /** Texts of the folder `shaders/`. */
  readonly shaders: ShaderSource;
  /** Whether an adapter that computes on the processor will do. */
  readonly allowSoftware: boolean;
  /** Where tuned choices are kept; nowhere by default. */
  readonly tuned?: ChoiceStore | undefined;
  /** Called once when the device is closed. */
  readonly onClose?: (device: WebgpuDevice) => void;
}

/** Throws 'device' where there is no adapter that will do. */
export async function openWebgpu(options: OpenWebgpuOptions): Promise<WebgpuDevice> {
  const { gpu, shaders, allowSoftware, tuned, onClose = () => {} } = options;
  const choice = await requestDevice(gpu, allowSoftware);
  const choices = await Choices.open(choice.description, tuned);
  return new WebgpuDevice(choice, { shaders, choices, onClose });
}
