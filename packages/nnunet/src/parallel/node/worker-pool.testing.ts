/** For worker-pool.test.ts: a worker that does what its job says. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { serveJobs } from './serve-jobs.ts';

serveJobs<number, string, string>(async (factor) => {
  if (factor === 0) throw new VoxelgradError('option', { what: 'factor', expected: 'another', help: 'take 1' });
  return async (job) => {
    if (job === 'fail') throw new VoxelgradError('dataset', { what: 'a case', got: 'nothing', help: 'look for it' });
    if (job === 'break') throw new TypeError('a bug');
    if (job === 'die') process.exit(3);
    return String(Number(job) * factor);
  };
});
