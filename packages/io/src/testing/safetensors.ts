/** Just enough of safetensors to read golden numbers in tests; the product's reader is in @voxelgrad/nn, which lies above this package. */
import { readFileSync } from 'node:fs';

export interface GoldenTensor {
  readonly shape: number[];
  readonly data: Float32Array | Int32Array;
}

export function readGolden(path: string): Record<string, GoldenTensor> {
  const file = readFileSync(path);
  const headerBytes = Number(file.readBigUInt64LE(0));
  const header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }> = JSON.parse(
    file.toString('utf8', 8, 8 + headerBytes),
  );
  const tensors: Record<string, GoldenTensor> = {};
  for (const [name, { dtype, shape, data_offsets }] of Object.entries(header)) {
    const bytes = file.subarray(8 + headerBytes + data_offsets[0], 8 + headerBytes + data_offsets[1]);
    const buffer = new Uint8Array(bytes).buffer;
    if (dtype === 'F32') tensors[name] = { shape, data: new Float32Array(buffer) };
    else if (dtype === 'I32') tensors[name] = { shape, data: new Int32Array(buffer) };
  }
  return tensors;
}
