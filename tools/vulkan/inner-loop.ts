/**
 * inner-loop LOG: reads what `ISA=1 with-amd-compiler COMMAND 2>LOG` printed, and says for each shader how many registers it takes, whether they
 * spill, how many waves fit, and what its innermost loop is made of. `pnpm bench isa` says more about the matrix products.
 */
import { readFileSync } from 'node:fs';
import { fusedShare, readPipelines } from './machine-code.ts';

const [log] = process.argv.slice(2);
console.log(`${'shader'.padEnd(36)} VGPRs spills waves    LDS   FMA vector FMA/vector`);
for (const { label, registers, spills, waves, workgroupBytes, code } of readPipelines(readFileSync(log!, 'utf8'))) {
  const innermost = code.nest().at(-1);
  const share = innermost && code.within(innermost);
  const columns = [
    label.padEnd(36),
    String(registers).padStart(5),
    String(spills).padStart(6),
    String(waves).padStart(5),
    String(workgroupBytes).padStart(6),
    String(share?.fused ?? '–').padStart(5),
    String(share?.vector ?? '–').padStart(6),
    (share === undefined ? '–' : `${Math.round(100 * fusedShare(share))}%`).padStart(10),
  ];
  console.log(columns.join(' '));
}
