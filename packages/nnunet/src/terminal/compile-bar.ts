/** A bar for the kernels that are compiled, or tuned, before a captured step runs first. */
import type { CompileProgress } from '@voxelgrad/tensor';
import { Progress, type TerminalStream } from './progress.ts';

/** To be told of the progress; shows nothing where nothing is to be done. Writes on `stream`, stderr by default. */
export function compileBar(stream?: TerminalStream, label = 'compiling'): CompileProgress {
  let bar: Progress | undefined;
  let shown = 0;
  return (done, total) => {
    if (total === 0) return;
    const options = { total, label, unit: 'kernel' };
    bar ??= new Progress(stream === undefined ? options : { ...options, stream });
    bar.advance(done - shown);
    shown = done;
    if (done === total) bar.finish();
  };
}
