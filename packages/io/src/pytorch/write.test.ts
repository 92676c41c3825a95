/** What is written is read again, by this project's reader; that PyTorch reads it is tested in tools/parity/pytorch-peer.test.ts, where there is a PyTorch. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeFileAtomic } from '../node/atomic-write.ts';
import { openFile } from '../node/files.ts';
import { PickledFloat } from '../pickle/pickle.ts';
import { type Pickled, PickledTuple } from '../pickle/values.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readTorchFile } from './read.ts';
import { readTorchTensor, type TorchTensor } from './tensor.ts';
import { TorchDevice } from './torch-globals.ts';
import { encodeTorchFile, TensorToSave } from './write.ts';

const folder = temporaryFolder();

const plainValues: readonly [string, Pickled][] = [
  ['none', null],
  ['truth', [true, false]],
  ['numbers', [0, 1, 255, 256, 65535, 65536, -1, -(2 ** 31), 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, 0.1, -0, 1e300]],
  ['large', [2n ** 63n, -(2n ** 63n), 2n ** 200n]],
  ['texts', ['', 'größe', '\u{1f9e0}', 'x'.repeat(5000)]],
  ['tuples', [new PickledTuple([]), new PickledTuple([1, new PickledTuple([2])])]],
  ['dicts', [new Map(), new Map<Pickled, Pickled>([[0, 'zero']])]],
  ['device', new TorchDevice('cuda:1')],
  ['empty', []],
  ['many', Array.from({ length: 20_000 }, (_, i) => (i % 3 === 0 ? i : i % 3 === 1 ? i / 7 : `${i}`))],
];

function content(): Map<Pickled, Pickled> {
  const shared = new TensorToSave('f32', [2, 3], () => Float32Array.of(1, 2, 3, 4, 5, 6));
  return new Map<Pickled, Pickled>([
    ...plainValues,
    ['float', new PickledFloat(1)],
    [
      'weights',
      new Map<Pickled, Pickled>([
        ['a', shared],
        ['b', new TensorToSave('i64', [], () => BigInt64Array.of(-7n))],
        ['alias', shared],
        ['none', new TensorToSave('f64', [0, 2], () => new Float64Array(0))],
      ]),
    ],
  ]);
}

describe('encodeTorchFile', () => {
  it('is read again, values, tensors and what they share', async () => {
    const path = join(folder, 'a.pth');
    await writeFileAtomic(path, encodeTorchFile(content()));
    const read = (await readTorchFile(await openFile(path))) as Map<Pickled, Pickled>;
    for (const [name, value] of plainValues) expect([name, read.get(name)]).toEqual([name, value]);
    expect(read.get('float')).toBe(1);
    const weights = read.get('weights') as Map<string, TorchTensor>;
    expect([...weights.keys()]).toEqual(['a', 'b', 'alias', 'none']);
    expect(await readTorchTensor(weights.get('a')!)).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
    expect(weights.get('a')!.shape).toEqual([2, 3]);
    expect(await readTorchTensor(weights.get('b')!)).toEqual(BigInt64Array.of(-7n));
    expect(weights.get('alias')!.isSameView(weights.get('a')!)).toBe(true);
    expect(weights.get('none')!.shape).toEqual([0, 2]);
  });

  it('gives the same bytes for the same values', async () => {
    const files = [join(folder, 'b.pth'), join(folder, 'c.pth')];
    for (const file of files) await writeFileAtomic(file, encodeTorchFile(content()));
    expect(readFileSync(files[0]!).equals(readFileSync(files[1]!))).toBe(true);
  });

  it('refuses values that do not fill their tensor, and leaves nothing behind', async () => {
    const path = join(folder, 'd.pth');
    const short = new TensorToSave('f32', [3], () => new Float32Array(2));
    await expect(writeFileAtomic(path, encodeTorchFile([short]))).rejects.toThrow(/12 bytes for \[3\] of f32/);
    await expect(openFile(path)).rejects.toThrow(/no such file/);
    expect(() => encodeTorchFile([new Uint8Array(1)])).toThrow(/a value that can be written/);
  });
});
