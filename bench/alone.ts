/** The process that peak-memory.ts starts: `alone.ts MODULE INDEX` does case INDEX of a bench and tells its parent the bytes held at most. */
import { readFile } from 'node:fs/promises';

/** Linux's own count of this process; elsewhere that of the system, which may include what the parent held before. */
async function peakBytes(): Promise<number> {
  try {
    const status = await readFile('/proc/self/status', 'utf8');
    return 1024 * Number(/^VmHWM:\s+(\d+)/m.exec(status)![1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

const [, , module, index] = process.argv;
const { alone } = (await import(module!)) as { alone: (index: number) => Promise<void> };
await alone(Number(index));
process.send!(await peakBytes());
