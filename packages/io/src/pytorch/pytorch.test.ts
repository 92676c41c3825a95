/** Checked against files that PyTorch wrote, real checkpoints where they are on this machine, and pickles made to do harm. */
import { readFileSync } from 'node:fs';
import { VoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { openFile } from '../node/files.ts';
import { NumpyArray } from '../pickle/numpy-globals.ts';
import { type Pickled, PickledTuple } from '../pickle/values.ts';
import { sourceFromBytes } from '../source.ts';
import { needsShared, sharedPath } from '../testing/shared-data.ts';
import { torchFile } from '../testing/torch-files.ts';
import { readTorchFile, weightsFormat } from './read.ts';
import { readTorchTensor, TorchTensor } from './tensor.ts';
import { TorchDevice, TorchTypeName } from './torch-globals.ts';

const open = (bytes: Uint8Array<ArrayBuffer>, name = 'x.pth') => readTorchFile(sourceFromBytes(bytes, name));

const dict = (value: Pickled | undefined): Map<Pickled, Pickled> => {
  expect(value).toBeInstanceOf(Map);
  return value as Map<Pickled, Pickled>;
};

async function valuesIn(weights: Map<Pickled, Pickled>): Promise<Record<string, [number[], string, unknown[]]>> {
  const found: Record<string, [number[], string, unknown[]]> = {};
  for (const [name, tensor] of weights) {
    expect(tensor).toBeInstanceOf(TorchTensor);
    const { shape, dtype } = tensor as TorchTensor;
    found[String(name)] = [[...shape], dtype, [...(await readTorchTensor(tensor as TorchTensor))]];
  }
  return found;
}

const counted = (length: number, from = 0): number[] => Array.from({ length }, (_, i) => from + i);

describe.each(['zip', 'legacy'] as const)('a %s checkpoint', (format) => {
  it('gives every tensor its values', async () => {
    const weights = dict(dict(await open(torchFile(format))).get('network_weights'));
    expect(await valuesIn(weights)).toEqual({
      f32: [[2, 3, 4], 'f32', counted(24)],
      view: [[3, 4], 'f32', counted(12, 4)],
      transposed: [[6, 4], 'f32', counted(24).map((i) => (i % 4) * 6 + Math.floor(i / 4))],
      expanded: [[3, 2], 'f32', [1.5, -2, 1.5, -2, 1.5, -2]],
      f64: [[2], 'f64', [Math.PI, -0]],
      f16: [[3], 'f16', [0.0999755859375, 65504, -(2 ** -24)]],
      bf16: [[3], 'bf16', [1, -3.140625, 1.0002555517425873e30]],
      i64: [[], 'i64', [-(2n ** 62n)]],
      i32: [[1], 'i32', [-5]],
      i16: [[2], 'i16', [-300, 7]],
      i8: [[1], 'i8', [-128]],
      u8: [[1], 'u8', [255]],
      bool: [[2], 'bool', [1, 0]],
      empty: [[0, 4], 'f32', []],
      parameter: [[1], 'f32', [7]],
    });
    const [whole, view] = [weights.get('f32') as TorchTensor, weights.get('view') as TorchTensor];
    expect(whole.storage.key).toBe(view.storage.key);
    expect(whole.isSameView(view)).toBe(false);
    expect(whole.isSameView(whole)).toBe(true);
  });

  it('gives everything else', async () => {
    const value = dict(await open(torchFile(format)));
    expect(value.get('log')).toEqual(
      new Map<Pickled, Pickled>([
        ['loss', [0.5, -1.25]],
        ['n', 3],
        ['flag', true],
        ['half', 0.25],
      ]),
    );
    const [array, fortran] = [value.get('array') as NumpyArray, value.get('fortran') as NumpyArray];
    expect(array).toBeInstanceOf(NumpyArray);
    expect([array.shape, array.data]).toEqual([[2, 3], Int16Array.of(0, 1, 2, 3, 4, 5)]);
    expect([fortran.shape, fortran.data]).toEqual([[2, 3], Float64Array.of(0, 1, 2, 3, 4, 5)]);
    expect(value.get('device')).toEqual(new TorchDevice('cuda:1'));
    expect(value.get('dtype')).toEqual(new TorchTypeName('f16'));
    expect(value.get('size')).toEqual(new PickledTuple([1, 2]));
    expect(value.get('axes')).toEqual(new PickledTuple([0, 1, 2]));
    expect(value.get('none')).toBeNull();
    expect(value.get('big')).toBe(2n ** 70n);
    expect(value.get('bytes')).toEqual(Uint8Array.of(0, 255));
    expect(value.get('set')).toEqual(new Set([1]));
    expect(value.get('text')).toBe('größe');
    expect(value.get(7)).toEqual([true, false, 1.5, -1, 70000]);
  });
});

describe('other files', () => {
  it('reads types that have no storage of their own', async () => {
    expect(await valuesIn(dict(await open(torchFile('typed'))))).toEqual({
      w: [[2], 'u8', [0, 1]],
      v: [[2], 'u16', [1, 2]],
    });
  });

  it('names formats by their bytes', async () => {
    const format = (bytes: Uint8Array<ArrayBuffer>) => weightsFormat(sourceFromBytes(bytes, 'x'));
    expect(await format(torchFile('zip'))).toBe('torch-zip');
    expect(await format(torchFile('legacy'))).toBe('torch-legacy');
    const safetensors = new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d]);
    expect(await format(safetensors)).toBe('safetensors');
    await expect(open(safetensors, 'model.pth')).rejects.toThrow(/safetensors/);
    expect(await format(new Uint8Array(0))).toBe('unknown');
  });

  it('refuses TorchScript and big-endian files', async () => {
    await expect(open(torchFile('script'))).rejects.toThrow(/TorchScript/);
    const bytes = torchFile('zip');
    const at = Buffer.from(bytes).indexOf('little');
    bytes.set(Buffer.from('big\n\n\n'), at);
    await expect(open(bytes)).rejects.toThrow(/big-endian/);
    const legacy = torchFile('legacy');
    const flag = Buffer.from(legacy).indexOf('little_endian') + 'little_endian'.length + 2;
    expect(legacy[flag]).toBe(0x88);
    legacy[flag] = 0x89;
    await expect(open(legacy)).rejects.toThrow(/big-endian/);
  });

  it(
    'reads one network from three formats',
    needsShared('data/models/reference/meshnet_legacy_format.pth'),
    async () => {
      const folder = sharedPath('data/models')!;
      const [zip, legacy] = await Promise.all(
        ['brainchop/py2tfjs/meshnet.pth', 'reference/meshnet_legacy_format.pth'].map(async (name) =>
          valuesIn(dict(await readTorchFile(await openFile(`${folder}/${name}`)))),
        ),
      );
      expect(Object.keys(zip!).length).toBeGreaterThan(50);
      expect(legacy).toEqual(zip);
      const wrapped = dict(await readTorchFile(await openFile(`${folder}/reference/wrapped_zip.pth`)));
      expect([...wrapped.values()].some((value) => value instanceof Map)).toBe(true);
    },
  );

  const checkpoint = sharedPath(
    'fixtures/model/nnUNetTrainer__nnUNetPlansLight__3d_fullres/fold_0/checkpoint_final.pth',
  );
  it(
    "reads nnU-Net's own checkpoint",
    needsShared('fixtures/model/nnUNetTrainer__nnUNetPlansLight__3d_fullres/fold_0/checkpoint_final.pth'),
    async () => {
      const value = dict(await readTorchFile(await openFile(checkpoint!)));
      const weights = dict(value.get('network_weights')) as Map<string, TorchTensor>;
      const { cases } = JSON.parse(readFileSync(sharedPath('fixtures/model/index.json')!, 'utf8')) as {
        cases: { attrs: { keys?: string[]; sums?: Record<string, number> } }[];
      };
      const { keys, sums } = cases[0]!.attrs;
      expect([...weights.keys()]).toEqual(keys);
      for (const [name, sum] of Object.entries(sums!)) {
        const data = (await readTorchTensor(weights.get(name)!)) as Float32Array;
        const scale = data.reduce((total, x) => total + Math.abs(x), 1e-6);
        expect(Math.abs(data.reduce((total, x) => total + x, 0) - sum) / scale).toBeLessThan(1e-6);
      }
      expect(value.get('current_epoch')).toBe(10);
      expect(value.get('_best_ema')).toBeCloseTo(0.11190164, 8);
      expect(value.get('inference_allowed_mirroring_axes')).toEqual(new PickledTuple([0, 1, 2]));
      expect(dict(value.get('init_args')).get('device')).toBeInstanceOf(TorchDevice);
    },
  );
});

/** A legacy checkpoint whose object is this pickle. */
function legacyWith(pickle: string): Uint8Array<ArrayBuffer> {
  const whole = Buffer.from(torchFile('legacy'));
  const second = whole.indexOf('\x80\x02', 14, 'latin1');
  const third = whole.indexOf('\x80\x02', second + 1, 'latin1');
  const object = whole.indexOf('\x80\x02', third + 1, 'latin1');
  return new Uint8Array(
    Buffer.concat([whole.subarray(0, object), Buffer.from(pickle, 'latin1'), Buffer.from(']..', 'latin1')]),
  );
}

describe('pickles that do harm', () => {
  it.each([
    ['os.system', '\x80\x02cos\nsystem\nX\x02\x00\x00\x00ls\x85R.'],
    ['posix.system', '\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R.'],
    ['builtins.eval', "cbuiltins\neval\n(S'1'\ntR."],
    ['builtins.getattr', '\x80\x02cbuiltins\ngetattr\n.'],
    ['__builtin__.__import__', '\x80\x02c__builtin__\n__import__\n.'],
    ['torch.load', '\x80\x02ctorch\nload\n.'],
    ['torch.storage._load_from_bytes', '\x80\x02ctorch.storage\n_load_from_bytes\n.'],
    ['constructor.constructor', '\x80\x02cconstructor\nconstructor\n.'],
    ['collections.__proto__', '\x80\x02ccollections\n__proto__\n.'],
    ['numpy.f2py.os.system', '\x80\x02cnumpy.f2py\nos.system\n.'],
  ])('%s is refused by its name', async (name, pickle) => {
    await expect(open(legacyWith(pickle))).rejects.toThrow(name);
  });

  it.each([
    ['calling a value', '\x80\x02K\x01)R.'],
    ['calling the class of arrays', '\x80\x02cnumpy\nndarray\n)R.'],
    ['state for a number', '\x80\x02K\x01}b.'],
    ['an empty stack', '\x80\x02.'],
    ['taking from under a mark', '\x80\x02K\x01(\x85.'],
    ['no mark', '\x80\x02t.'],
    ['a value of the memo that is not there', '\x80\x02h\x05.'],
    ['a text longer than the file', '\x80\x02X\xff\xff\xff\x7fab.'],
    ['an unknown instruction', '\x80\x02\xff.'],
    ['a number of a gigabyte', '\x80\x02\x8b\x00\x00\x00\x40.'],
    ['an odd dict', '\x80\x02}(K\x01u.'],
    ['protocol 6', '\x80\x06N.'],
    ['a list that contains itself', '\x80\x02]q\x00h\x00a.'],
    ['values too deep', `\x80\x02N${'\x85'.repeat(200)}.`],
    ['an array of objects', '\x80\x02cnumpy\ndtype\nX\x01\x00\x00\x00O\x85R.'],
    [
      'an array larger than its bytes',
      '\x80\x04cnumpy._core.numeric\n_frombuffer\n(C\x01acnumpy\ndtype\nX\x02\x00\x00\x00u1\x85RJ\xff\xff\xff\x7f\x85X\x01\x00\x00\x00CtR.',
    ],
    ['a tensor without storage', '\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(NK\x00))tR.'],
  ])('%s ends in a typed error', async (_, pickle) => {
    const error: unknown = await open(legacyWith(pickle)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(VoxelgradError);
    expect((error as VoxelgradError).code).toBe('format');
  });

  it('copies of copies are counted', async () => {
    // A list of 250 items, copied 40,000 times: ten million items from 200 kB.
    const list = `](${'K\x01'.repeat(250)}eq\x00`;
    const pickle = `\x80\x02${list}0cbuiltins\nlist\nq\x01${'0h\x01h\x00\x85R'.repeat(40_000)}.`;
    await expect(open(legacyWith(pickle))).rejects.toThrow(/items/);
  });

  it('a tensor of one value cannot fill memory', async () => {
    const bytes = Buffer.from(torchFile('zip'));
    // `expanded` is [3, 2] with strides [0, 1]: the pickle is changed to say [255, 2].
    const place = bytes.indexOf(Buffer.from('K\x03K\x02\x86', 'latin1'), bytes.indexOf('expanded'));
    expect(place).toBeGreaterThan(0);
    bytes.set(Buffer.from('K\xffK\x02\x86', 'latin1'), place);
    const weights = dict(dict(await open(new Uint8Array(bytes))).get('network_weights'));
    expect((weights.get('expanded') as TorchTensor).shape).toEqual([255, 2]);
    const huge = new TorchTensor((weights.get('expanded') as TorchTensor).storage, 'f32', 0, [2 ** 30, 2], [0, 1]);
    await expect(readTorchTensor(huge)).rejects.toThrow(/repeated/);
  });
});
