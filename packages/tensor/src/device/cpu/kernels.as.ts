/** All CPU kernels: what is exported here is a command of the cpu device. */
export * from './copy-bytes.as';
export * from '../../ops/copy/cast.as';
export * from '../../ops/copy/fill.as';
export * from '../../ops/copy/gather.as';
export * from '../../ops/copy/strided-copy.as';
export * from '../../ops/elementwise/accumulate.as';
export * from '../../ops/elementwise/binary.as';
export * from '../../ops/elementwise/unary.as';
