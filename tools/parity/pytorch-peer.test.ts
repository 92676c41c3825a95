/** What this project writes for PyTorch, read by PyTorch: with `weights_only=True`, which refuses everything but weights. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeTorchFile, type Pickled, PickledFloat, PickledTuple, TensorToSave, TorchDevice } from '@voxelgrad/io';
import { openFolder, writeFileAtomic } from '@voxelgrad/io/node';
import { Sgd, stateDict } from '@voxelgrad/nn';
import { encodeNnunetCheckpoint, officialNames, openModel, type Plans, ResidualEncoderUNet } from '@voxelgrad/nnunet';
import { fromArray, sum } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, describe, expect, it } from 'vitest';
import { missingPeer, runPython } from './peer-python.ts';

const folder = mkdtempSync(join(tmpdir(), 'voxelgrad-peer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('PyTorch reads', lacking(missingPeer), () => {
  it('values and tensors of every type, with what they share', async () => {
    const path = join(folder, 'values.pth');
    const shared = new TensorToSave('f32', [2, 2], () => Float32Array.of(1, -2, 0.5, 3e38));
    const tensors = new Map<Pickled, Pickled>([
      ['f32', shared],
      ['again', shared],
      ['f64', new TensorToSave('f64', [1], () => Float64Array.of(Math.PI))],
      ['i64', new TensorToSave('i64', [], () => BigInt64Array.of(-(2n ** 62n)))],
      ['i32', new TensorToSave('i32', [1], () => Int32Array.of(-5))],
      ['i16', new TensorToSave('i16', [1], () => Int16Array.of(-300))],
      ['i8', new TensorToSave('i8', [1], () => Int8Array.of(-8))],
      ['u8', new TensorToSave('u8', [2], () => Uint8Array.of(0, 255))],
      ['bool', new TensorToSave('bool', [2], () => Uint8Array.of(1, 0))],
      ['empty', new TensorToSave('f32', [0, 3], () => new Float32Array(0))],
    ]);
    const value = new Map<Pickled, Pickled>([
      ['tensors', tensors],
      ['tuple', new PickledTuple([0, 1, 2])],
      ['float', new PickledFloat(1)],
      ['numbers', [0, 255, 65535, 65536, -1, 2 ** 40, 2n ** 80n, 0.1]],
      ['text', 'größe'],
      ['device', new TorchDevice('cuda:1')],
      ['rest', [null, true, false, new Map(), []]],
    ]);
    await writeFileAtomic(path, encodeTorchFile(value, 'values'));
    const script = `
import json, sys, torch
values = torch.load(sys.argv[1], weights_only=True)
mapped = torch.load(sys.argv[1], weights_only=True, mmap=True)
tensors = values['tensors']
print(json.dumps({
  'tensors': {name: [str(t.dtype), list(t.shape), t.flatten().tolist()] for name, t in tensors.items()},
  'mapped': all(torch.equal(mapped['tensors'][name], t) for name, t in tensors.items()),
  'shared': tensors['f32'].data_ptr() == tensors['again'].data_ptr(),
  'aligned': mapped['tensors']['f32'].data_ptr() % 64,
  'types': [type(values[name]).__name__ for name in ('tuple', 'float', 'device')],
  'numbers': values['numbers'], 'text': values['text'], 'device': str(values['device']), 'rest': values['rest'],
}))`;
    expect(runPython(script, path)).toEqual({
      tensors: {
        f32: ['torch.float32', [2, 2], [1, -2, 0.5, Math.fround(3e38)]],
        again: ['torch.float32', [2, 2], [1, -2, 0.5, Math.fround(3e38)]],
        f64: ['torch.float64', [1], [Math.PI]],
        i64: ['torch.int64', [], [-(2 ** 62)]],
        i32: ['torch.int32', [1], [-5]],
        i16: ['torch.int16', [1], [-300]],
        i8: ['torch.int8', [1], [-8]],
        u8: ['torch.uint8', [2], [0, 255]],
        bool: ['torch.bool', [2], [true, false]],
        empty: ['torch.float32', [0, 3], []],
      },
      mapped: true,
      shared: true,
      aligned: 0,
      types: ['tuple', 'float', 'device'],
      numbers: [0, 255, 65535, 65536, -1, 2 ** 40, 2 ** 80, 0.1],
      text: 'größe',
      device: 'cuda:1',
      rest: [null, true, false, {}, []],
    });
  });

  it('a checkpoint of nnU-Net: every official name, shared tensors, an optimizer to go on with', async () => {
    const device = await openCpu({ threads: 2 });
    const network = new ResidualEncoderUNet({
      inputChannels: 1,
      classes: 2,
      features: [4, 6],
      convsPerStage: [1, 2],
      convsPerDecoderStage: [1],
      device,
    });
    const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.99, nesterov: true });
    const image = fromArray(
      Float32Array.from({ length: 512 }, (_, i) => Math.sin(i)),
      [1, 8, 8, 8, 1],
      { device },
    );
    sum(network.predict(image)).backward();
    optimizer.step();
    const path = join(folder, 'checkpoint_final.pth');
    await writeFileAtomic(
      path,
      await encodeNnunetCheckpoint({
        network,
        plans: { plans_name: 'nnUNetPlans' } as unknown as Plans,
        configuration: '3d_fullres',
        fold: 0,
        datasetJson: { labels: { background: 0 } },
        mirrorAxes: [0, 1, 2],
        optimizer: { optimizer, initialLearningRate: 0.01, weightDecay: 3e-5, momentum: 0.99, nesterov: true },
      }),
    );
    const script = `
import json, sys, torch
checkpoint = torch.load(sys.argv[1], weights_only=True)
weights = checkpoint['network_weights']
unique = {}
for name, tensor in weights.items(): unique.setdefault(tensor.data_ptr(), name)
parameters = [torch.nn.Parameter(weights[name].clone()) for name in unique.values() if not name.startswith('decoder.encoder')]
optimizer = torch.optim.SGD(parameters, 1, momentum=0.5)
optimizer.load_state_dict(checkpoint['optimizer_state'])
for parameter in parameters: parameter.grad = torch.zeros_like(parameter)
optimizer.step()
print(json.dumps({
  'keys': list(checkpoint), 'names': list(weights), 'unique': list(unique.values()),
  'weights': {name: [list(weights[name].shape), weights[name].flatten().tolist()] for name in unique.values()},
  'momentum': [state['momentum_buffer'].shape == parameter.shape for parameter, state in optimizer.state.items()],
  'group': {key: value for key, value in optimizer.param_groups[0].items() if key not in ('params',)},
  'axes': checkpoint['inference_allowed_mirroring_axes'], 'init': {k: str(v) for k, v in checkpoint['init_args'].items()},
}))`;
    const read = runPython(script, path) as Record<string, unknown>;
    const own = await stateDict(network);
    expect(read.unique).toEqual([...own.keys()]);
    expect(read.names).toEqual(officialNames([...own.keys()]));
    expect(read.weights).toEqual(
      Object.fromEntries([...own].map(([name, { shape, data }]) => [name, [[...shape], [...data]]])),
    );
    expect(read.momentum).toEqual(network.parameters().map(() => true));
    expect(read.group).toMatchObject({
      lr: 0.01,
      momentum: 0.99,
      nesterov: true,
      weight_decay: 3e-5,
      initial_lr: 0.01,
    });
    expect(read.axes).toEqual([0, 1, 2]);
    expect(read.init).toMatchObject({ configuration: '3d_fullres', fold: '0', device: 'cpu' });
    expect(read.keys).toEqual([
      'network_weights',
      'optimizer_state',
      'grad_scaler_state',
      'logging',
      '_best_ema',
      'current_epoch',
      'init_args',
      'trainer_name',
      'inference_allowed_mirroring_axes',
    ]);
    await device.close();
  });

  const official = fileURLToPath(new URL('../../../shared/fixtures/model/', import.meta.url));
  const name = 'nnUNetTrainer__nnUNetPlansLight__3d_fullres';
  const missing = existsSync(official) ? undefined : 'no ../shared/fixtures/model beside the repository';
  it("nnU-Net's own model after a round trip: the same keys, the same tensors", lacking(missing), async () => {
    const device = await openCpu({ threads: 2 });
    const model = await openModel(await openFolder(join(official, name)));
    const network = await model.loadFold(0, device);
    const path = join(folder, 'again.pth');
    await writeFileAtomic(
      path,
      await encodeNnunetCheckpoint({
        network,
        plans: model.plans,
        configuration: model.configurationName,
        fold: 0,
        datasetJson: JSON.parse(readFileSync(join(official, name, 'dataset.json'), 'utf8')),
        mirrorAxes: model.mirrorAxes,
        trainer: model.trainer,
      }),
    );
    const script = `
import json, sys, torch
ours = torch.load(sys.argv[1], weights_only=True)
theirs = torch.load(sys.argv[2], weights_only=False)
a, b = ours['network_weights'], theirs['network_weights']
print(json.dumps({
  'names': list(a) == list(b),
  'equal': all(torch.equal(a[name], b[name]) and a[name].dtype == b[name].dtype for name in b),
  'init': [ours['init_args'][key] == theirs['init_args'][key] for key in ('plans', 'configuration', 'fold', 'dataset_json')],
  'rest': [ours[key] == theirs[key] for key in ('trainer_name', 'inference_allowed_mirroring_axes')],
  'missing': [key for key in theirs if key not in ours],
}))`;
    expect(runPython(script, path, join(official, name, 'fold_0/checkpoint_final.pth'))).toEqual({
      names: true,
      equal: true,
      init: [true, true, true, true],
      rest: [true, true],
      missing: [],
    });
    await device.close();
  });
});
