/** The kernels that gain from wide vectors (wide-simd.ts), compiled once more with `WIDE`: they take the place of those of kernels.as.ts. */
export * from '../../ops/conv3d/conv3d.as';
