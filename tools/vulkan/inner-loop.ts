/**
 * inner-loop LOG: reads what `ISA=1 with-amd-compiler COMMAND 2>LOG` printed, and says for each shader how many registers it takes, whether they
 * spill, how many waves fit, and what its hottest block is made of: the one with the most fused multiply-adds, or, without any, the longest.
 */
import { readFileSync } from 'node:fs';

interface Block {
  readonly fused: number;
  readonly vector: number;
  readonly all: number;
}

const INSTRUCTION = /^\s+((?:v|s|ds|buffer|global|flat|scratch|image)_[a-z0-9_]+)/;

function blocksOf(code: string): Block[] {
  return code.split(/^BB\d+:/m).map((text) => {
    const names = text.split('\n').flatMap((line) => INSTRUCTION.exec(line)?.[1] ?? []);
    const vector = names.filter((name) => name.startsWith('v_'));
    return {
      fused: vector.filter((name) => /fma|mac|dot/.test(name)).length,
      vector: vector.length,
      all: names.length,
    };
  });
}

function report(section: string): string | undefined {
  const label = section.slice(0, section.indexOf('\n')).trim();
  const code = section.lastIndexOf('disasm');
  if (code < 0 || !section.includes('SHADER STATS')) return undefined;
  const figure = (name: string): string => [...section.matchAll(new RegExp(`${name}: (\\d+)`, 'g'))].at(-1)?.[1] ?? '?';
  const hottest = blocksOf(section.slice(code)).sort((a, b) => b.fused - a.fused || b.all - a.all)[0]!;
  const share = hottest.vector === 0 ? 0 : hottest.fused / hottest.vector;
  return [
    label.padEnd(36),
    figure('VGPRs').padStart(5),
    figure('Spilled VGPRs').padStart(6),
    figure('Subgroups per SIMD').padStart(5),
    figure('LDS size').padStart(6),
    String(hottest.fused).padStart(5),
    String(hottest.vector).padStart(6),
    String(hottest.all).padStart(5),
    `${Math.round(100 * share)}%`.padStart(10),
  ].join(' ');
}

const [log] = process.argv.slice(2);
console.log(`${'shader'.padEnd(36)} VGPRs spills waves    LDS   FMA vector   all FMA/vector`);
for (const section of readFileSync(log!, 'utf8').split('#### ').slice(1)) {
  const line = report(section);
  if (line !== undefined) console.log(line);
}
