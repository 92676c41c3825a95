/** All CPU kernels: what is exported here is a command of the cpu device. */
export * from './copy-bytes.as';
