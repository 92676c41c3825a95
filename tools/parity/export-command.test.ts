/** What `voxelgrad export-model` writes, from a real model: run by ONNX Runtime, loaded by PyTorch, with the same numbers as ours. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openFolder, readImageFile } from '@voxelgrad/io/node';
import { stateDict } from '@voxelgrad/nn';
import { officialNames, openModel } from '@voxelgrad/nnunet';
import { fromArray, noGrad, permute, tidy } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import * as runtime from 'onnxruntime-web';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingPeer, runPython } from './peer-python.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const name = 'nnUNetTrainer__nnUNetPlansLight__3d_fullres';
const fixture = join(repository, '../shared/fixtures/model', name);
const missing = existsSync(fixture) ? undefined : `there is no ${fixture}`;

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-export-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A normalised patch of a real image, `[1, 1, d, h, w]`; zeros lie beyond its edges. */
async function realPatch(): Promise<{ readonly shape: readonly number[]; readonly values: Float32Array }> {
  const image = await readImageFile(join(fixture, '../images/hippocampus_017_0000.nii.gz'));
  const [depth, height, width] = image.shape as readonly [number, number, number];
  const data = Float64Array.from(image.data);
  const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
  const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
  const patch = [32, 48, 32] as const;
  const values = new Float32Array(32 * 48 * 32);
  for (let z = 0; z < Math.min(depth, patch[0]); z++)
    for (let y = 0; y < Math.min(height, patch[1]); y++)
      for (let x = 0; x < Math.min(width, patch[2]); x++)
        values[(z * patch[1] + y) * patch[2] + x] = (data[(z * height + y) * width + x]! - mean) / deviation;
  return { shape: [1, 1, ...patch], values };
}

describe('export-model', lacking(missing), () => {
  const model = join(root, 'Dataset004_Hippocampus', name);
  const file = (format: string): string => join(root, `fold_0.${format}`);
  beforeAll(() => {
    cpSync(fixture, model, { recursive: true });
    const command = join(repository, 'packages/nnunet/src/command/main.ts');
    for (const format of ['pth', 'safetensors', 'onnx']) {
      const words = ['export-model', '4', '-p', 'nnUNetPlansLight', '-c', '3d_fullres', '-f', '0', '--results', root];
      const all = ['--import', 'tsx', command, ...words, '--format', format, '-o', file(format)];
      execFileSync(process.execPath, all, { cwd: repository });
    }
  }, 60_000);

  it('as ONNX gives the logits that we give', async () => {
    runtime.env.wasm.numThreads = 1;
    const device = await openCpu({ threads: 2 });
    const network = await (await openModel(await openFolder(model))).loadFold(0, device);
    const { shape, values } = await realPatch();
    const ours = noGrad(() =>
      tidy(() =>
        permute(network.predict(permute(fromArray(values, shape, { device }), [0, 2, 3, 4, 1])), [0, 4, 1, 2, 3]),
      ),
    );
    const session = await runtime.InferenceSession.create(readFileSync(file('onnx')), { executionProviders: ['wasm'] });
    const { logits } = await session.run({ image: new runtime.Tensor('float32', values, shape) });
    const expected = (await ours.data()) as Float32Array;
    const got = logits!.data as Float32Array;
    expect(got.length).toBe(expected.length);
    // Logits reach 18.6. Of float64 ONNX Runtime's differ by up to 1.0e-4 here and ours by 1.5e-5, so that they differ by up to 1e-4 from one another.
    const worst = got.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0);
    expect(worst).toBeLessThan(2e-4);
    await session.release();
    await device.close();
  });

  it('as .pth and as safetensors has the weights of the checkpoint, to the bit', lacking(missingPeer), async () => {
    const script = `
import json, struct, sys, torch
official, exported, tensors = sys.argv[1:4]
before = torch.load(official, weights_only=False)
after = torch.load(exported, weights_only=True)
assert list(before['network_weights']) == list(after['network_weights'])
assert all(torch.equal(before['network_weights'][k], v) for k, v in after['network_weights'].items())
for key in ('trainer_name', 'inference_allowed_mirroring_axes'): assert before[key] == after[key], key
for key in ('configuration', 'fold', 'plans', 'dataset_json'): assert before['init_args'][key] == after['init_args'][key], key
data = open(tensors, 'rb').read()
size, = struct.unpack('<Q', data[:8])
header = json.loads(data[8:8 + size])
meta = header.pop('__metadata__')
for name, entry in header.items():
    begin, end = entry['data_offsets']
    values = torch.frombuffer(bytearray(data[8 + size + begin:8 + size + end]), dtype=torch.float32).reshape(entry['shape'])
    assert torch.equal(before['network_weights'][name], values), name
assert json.loads(meta['plans']) == before['init_args']['plans']
print(json.dumps({'names': list(after['network_weights']), 'unique': sorted(header), 'axes': json.loads(meta['mirror_axes'])}))`;
    const official = join(fixture, 'fold_0/checkpoint_final.pth');
    const read = runPython(script, official, file('pth'), file('safetensors')) as Record<string, unknown>;
    const device = await openCpu({ threads: 1 });
    const names = [...(await stateDict(await (await openModel(await openFolder(model))).loadFold(0, device))).keys()];
    await device.close();
    expect(read).toEqual({ names: officialNames(names), unique: names.sort(), axes: [0, 1, 2] });
  });
});
