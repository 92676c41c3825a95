/** Which of the two kernel binaries this engine can run. */

const zeroVector = [0xfd, 0x0c, ...new Array<number>(16).fill(0)];
const relaxedMultiplyAdd = [0xfd, 0x85, 0x02];
const body = [0, ...zeroVector, ...zeroVector, ...zeroVector, ...relaxedMultiplyAdd, 26 /* drop */, 11 /* end */];

/** A module whose one function multiplies and adds three zero vectors: it validates where relaxed SIMD is. */
const probe = new Uint8Array([
  ...[0, 97, 115, 109, 1, 0, 0, 0], // magic and version
  ...[1, 4, 1, 96, 0, 0], // a function type without parameters and results
  ...[3, 2, 1, 0], // one function of that type
  ...[10, body.length + 2, 1, body.length, ...body],
]);

export function chooseKernels(allowRelaxed: boolean): { readonly file: string; readonly relaxedSimd: boolean } {
  const relaxedSimd = allowRelaxed && WebAssembly.validate(probe);
  return { file: relaxedSimd ? 'kernels-relaxed.wasm' : 'kernels.wasm', relaxedSimd };
}
