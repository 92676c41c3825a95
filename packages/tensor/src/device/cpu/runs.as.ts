/** Copying runs of bytes that may be short: `memory.copy` leaves the kernel, which costs more than copying a few hundred bytes here. */

@inline
export function copyRun(to: usize, from: usize, bytes: i32): void {
  if (bytes >= 1024) {
    memory.copy(to, from, bytes);
    return;
  }
  for (; bytes >= 16; bytes -= 16) {
    v128.store(to, v128.load(from));
    to += 16;
    from += 16;
  }
  for (; bytes >= 4; bytes -= 4) {
    store<i32>(to, load<i32>(from));
    to += 4;
    from += 4;
  }
  for (; bytes > 0; bytes--) store<u8>(to++, load<u8>(from++));
}
