/** What this project writes for PyTorch, read by PyTorch: with `weights_only=True`, which refuses everything but weights. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTorchFile, type Pickled, PickledFloat, PickledTuple, TensorToSave, TorchDevice } from '@voxelgrad/io';
import { writeFileAtomic } from '@voxelgrad/io/node';
import { afterAll, describe, expect, it } from 'vitest';
import { missingPeer, runPython } from './peer-python.ts';

const folder = mkdtempSync(join(tmpdir(), 'voxelgrad-peer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(missingPeer !== undefined)('PyTorch reads', () => {
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
});
