/** A plain copy of memory in chunks: uploads and read-backs. */

@unmanaged
class CopyBytes {
  from: usize;
  to: usize;
  bytes: usize;
  chunk: usize;
}

export function copyBytes(p: CopyBytes, item: i32, thread: i32): void {
  const start = <usize>item * p.chunk;
  const rest = p.bytes - start;
  memory.copy(p.to + start, p.from + start, rest < p.chunk ? rest : p.chunk);
}
