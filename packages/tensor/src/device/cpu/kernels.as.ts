/** All CPU kernels: what is exported here is a command of the cpu device. */
export * from './copy-bytes.as';
export * from '../../ops/conv3d/conv3d.as';
export * from '../../ops/copy/cast.as';
export * from '../../ops/copy/fill.as';
export * from '../../ops/copy/gather.as';
export * from '../../ops/copy/strided-copy.as';
export * from '../../ops/elementwise/accumulate.as';
export * from '../../ops/elementwise/binary.as';
export * from '../../ops/elementwise/unary.as';
export * from '../../ops/instance-norm/norm-backward.as';
export * from '../../ops/instance-norm/norm-forward.as';
export * from '../../ops/instance-norm/norm-statistics.as';
export * from '../../ops/optimizer/optimizer.as';
export * from '../../ops/random/random.as';
export * from '../../ops/reduce/arg-reduce.as';
export * from '../../ops/reduce/cumulative-sum.as';
export * from '../../ops/reduce/reduce.as';
