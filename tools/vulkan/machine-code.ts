/**
 * Reads what RADV prints while with-amd-compiler compiles a pipeline: its statistics, and its machine code as basic blocks and loops, of which
 * the share of fused multiply-adds among the vector-ALU instructions is counted. Loops are found by their back edges; ACO lays a loop's blocks
 * out one after the other.
 */

export interface Share {
  /** Fused multiply-adds. */
  readonly fused: number;
  /** All vector-ALU instructions. */
  readonly vector: number;
  /** Conversions between f16 and f32 among them. */
  readonly conversions: number;
}

export interface CompiledPipeline {
  readonly label: string;
  /** The last line `#### @ …` before it: what the program that compiles says it is about. */
  readonly purpose: string;
  /** `const NAME = value;` of the shader, where the value is a number or a truth value. */
  readonly constants: Readonly<Record<string, number | boolean>>;
  readonly registers: number;
  readonly spills: number;
  /** Waves that fit one SIMD at once, of 32 lanes each. */
  readonly waves: number;
  /** Bytes of workgroup memory. */
  readonly workgroupBytes: number;
  readonly code: MachineCode;
}

interface Loop {
  /** Indices of instructions. */
  readonly begin: number;
  readonly end: number;
}

interface Instruction {
  readonly name: string;
  readonly share: Share;
}

const LINE = /^\s+((?:v|s|ds|buffer|global|flat|scratch|image)_[a-z0-9_]+)\s*([^;]*)/;
const NOTHING: Share = { fused: 0, vector: 0, conversions: 0 };

export const fusedShare = ({ fused, vector }: Share): number => (vector === 0 ? 0 : fused / vector);

const times = ({ fused, vector, conversions }: Share, count: number): Share => ({
  fused: fused * count,
  vector: vector * count,
  conversions: conversions * count,
});

const sum = (a: Share, b: Share): Share => ({
  fused: a.fused + b.fused,
  vector: a.vector + b.vector,
  conversions: a.conversions + b.conversions,
});

/** RDNA3 issues two operations in one instruction, written `v_dual_fmac_f32 … :: v_dual_mul_f32 …`. */
function shareOf(name: string, operands: string): Share {
  const operations = [name, ...[...operands.matchAll(/::\s*(v_\w+)/g)].map((match) => match[1]!)];
  return operations
    .filter((operation) => operation.startsWith('v_'))
    .map((operation) => ({
      fused:
        /_(fma|fma[am]k|fmac|mac|mad|dot\d)_/.test(`${operation}_`) && !/_[iu](16|24|32|64)/.test(operation) ? 1 : 0,
      vector: 1,
      conversions: /^v_cvt_(f16_f32|f32_f16|pkrtz_f16_f32)/.test(operation) ? 1 : 0,
    }))
    .reduce(sum, NOTHING);
}

export class MachineCode {
  private readonly instructions: Instruction[] = [];
  private readonly loops: Loop[];

  constructor(text: string) {
    const blocks = new Map<string, number>();
    const ends = new Map<number, number>();
    for (const line of text.split('\n')) {
      const block = /^(BB\d+):/.exec(line)?.[1];
      if (block !== undefined) blocks.set(block, this.instructions.length);
      const [, name, operands = ''] = LINE.exec(line) ?? [];
      if (name === undefined) continue;
      this.instructions.push({ name, share: shareOf(name, operands) });
      const target = blocks.get(/^s_c?branch/.test(name) ? operands.trim() : '');
      if (target !== undefined) ends.set(target, this.instructions.length);
    }
    this.loops = [...ends].map(([begin, end]) => ({ begin, end }));
  }

  /** The loops around the most fused multiply-adds, from the outermost to the innermost. */
  nest(): readonly Loop[] {
    const hottest = this.loops
      .filter((loop) => this.within(loop).fused > 0)
      .sort((a, b) => this.inside(b).length - this.inside(a).length || this.within(b).fused - this.within(a).fused)[0];
    if (hottest === undefined) return [];
    return this.loops
      .filter(({ begin, end }) => begin <= hottest.begin && end >= hottest.end)
      .sort((a, b) => a.begin - b.begin || b.end - a.end);
  }

  /** All instructions of a loop, each counted once. */
  within({ begin, end }: Loop): Share {
    return this.instructions.slice(begin, end).reduce((total, { share }) => sum(total, share), NOTHING);
  }

  /**
   * One pass of the outermost loop of `nest`, in which the next runs `trips[0]` times, the one in that `trips[1]` times, and so on; any loop
   * beside the nest, and each within that, runs `beside` times.
   */
  pass(nest: readonly Loop[], trips: readonly number[], beside = 1): Share {
    const [outer, ...inner] = nest;
    if (outer === undefined) return NOTHING;
    const contains = (loop: Loop, i: number): boolean => loop.begin <= i && i < loop.end;
    const others = this.loops.filter(
      (loop) => loop.begin >= outer.begin && loop.end <= outer.end && !nest.includes(loop),
    );
    let total = NOTHING;
    for (let i = outer.begin; i < outer.end; i++) {
      const depth = others.filter((loop) => contains(loop, i)).length;
      const count = inner.reduce(
        (product, loop, j) => product * (contains(loop, i) ? (trips[j] ?? 1) : 1),
        beside ** depth,
      );
      total = sum(total, times(this.instructions[i]!.share, count));
    }
    return total;
  }

  /** From the first to the last fused multiply-add of a loop: its inner loop, where the compiler unrolled that. */
  stretch({ begin, end }: Loop): Share {
    const fused = this.instructions.slice(begin, end).flatMap(({ share }, i) => (share.fused > 0 ? [begin + i] : []));
    return fused.length === 0 ? NOTHING : this.within({ begin: fused[0]!, end: fused.at(-1)! + 1 });
  }

  /** Loops around a loop. */
  private inside({ begin, end }: Loop): readonly Loop[] {
    return this.loops.filter((other) => other.begin <= begin && other.end >= end);
  }
}

function pipelineOf(section: string, purpose: string): CompiledPipeline | undefined {
  const code = section.lastIndexOf('disasm:');
  if (code < 0 || !section.includes('SHADER STATS')) return undefined;
  const figure = (name: string): number =>
    Number([...section.matchAll(new RegExp(`^${name}: (\\d+)`, 'gm'))].at(-1)?.[1] ?? Number.NaN);
  const [label = '', constants = '{}'] = section.slice(0, section.indexOf('\n')).split('\t');
  return {
    label,
    purpose,
    constants: JSON.parse(constants) as CompiledPipeline['constants'],
    registers: figure('VGPRs'),
    spills: figure('Spilled VGPRs') + figure('Spilled SGPRs'),
    waves: figure('Subgroups per SIMD'),
    workgroupBytes: figure('LDS size'),
    code: new MachineCode(section.slice(code)),
  };
}

/** The pipelines that `ISA=1 with-amd-compiler COMMAND` printed to standard error, in their order. */
export function readPipelines(log: string): readonly CompiledPipeline[] {
  let purpose = '';
  return log.split(/^#### /m).flatMap((section) => {
    if (section.startsWith('@ ')) purpose = section.slice(2, section.indexOf('\n')).trim();
    return pipelineOf(section, purpose) ?? [];
  });
}
