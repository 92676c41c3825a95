/** Opens the WebGPU device in a browser: `navigator.gpu`, shader texts by fetch. */
import { VoxelgradError } from '../../errors.ts';
import { fetchAsset, inFolder } from '../fetch-asset.ts';
import type { ChoiceStore } from './choices.ts';
import { openWebgpu } from './open.ts';
import { type ShaderSource, shadersFrom } from './shaders.ts';
import type { WebgpuDevice } from './webgpu-device.ts';

/** How the WebGPU device is opened on a page. */
export interface BrowserWebgpuOptions {
  /** Takes an adapter that computes on the processor. */
  readonly allowSoftware: boolean;
  /** The folder that shaders.json is served from; by default where the package or the bundler has it. */
  readonly assets?: URL;
  /** Where tuned choices are kept: by default in the page's localStorage, and nowhere in workers, which have none. */
  readonly tuned?: ChoiceStore;
}

/** Throws 'device' with what is missing, 'file' where the shaders cannot be fetched. */
export async function openBrowserWebgpu(options: BrowserWebgpuOptions): Promise<WebgpuDevice> {
  const { allowSoftware, assets, tuned = tunedInPage() } = options;
  // Absent from older browsers, and from pages that are not served securely.
  const gpu: GPU | undefined = navigator.gpu;
  if (gpu === undefined)
    throw new VoxelgradError('device', {
      what: 'this browser has no WebGPU here',
      help: "serve the page over https, update the browser, or use device 'cpu'",
    });
  return openWebgpu({ gpu, shaders: await browserShaders(assets), allowSoftware, tuned });
}

/** Adapters do not name their driver to pages, so choices are kept per version of the browser too. */
function tunedInPage(): ChoiceStore | undefined {
  let storage: Storage | undefined;
  try {
    storage = globalThis.localStorage;
  } catch {
    // The page may be one that must not store anything.
  }
  if (storage === undefined) return undefined;
  const kept = storage;
  const keyOf = (adapter: string): string => `voxelgrad tuned ${adapter} ${navigator.userAgent}`;
  return {
    read: async (adapter) => kept.getItem(keyOf(adapter)) ?? undefined,
    write: async (adapter, text) => {
      try {
        kept.setItem(keyOf(adapter), text);
      } catch (cause) {
        throw new VoxelgradError('file', {
          what: "the page's storage does not take the tuned choices",
          help: 'pass a store of your own as `tuned`',
          cause,
        });
      }
    },
  };
}

/** All shader texts; they come in one file. */
async function browserShaders(assets?: URL): Promise<ShaderSource> {
  const address =
    assets === undefined ? new URL('../../../assets/shaders.json', import.meta.url) : inFolder('shaders.json', assets);
  const response = await fetchAsset(address);
  try {
    return shadersFrom((await response.json()) as Record<string, string>);
  } catch (cause) {
    throw new VoxelgradError('file', {
      what: `${address.href} is not the shaders of voxelgrad`,
      help: 'check that the server has the folder assets of @voxelgrad/tensor there',
      cause,
    });
  }
}
