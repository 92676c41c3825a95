/** The reader of AMD's machine code on a listing small enough to count by hand. */
import { describe, expect, it } from 'vitest';
import { fusedShare, readPipelines } from './machine-code.ts';

const LISTING = `
#### @ a layer
#### gemm	{"TILE_K":16,"WHOLE":true}
shader: MESA_SHADER_COMPUTE
disasm:
BB0:
	v_mov_b32_e32 v0, 0                                         ; 7e000280
BB1:
	s_cmp_lt_u32 s0, s1                                         ; bf0a0100
	s_cbranch_scc0 BB4                                          ; bf840001
	buffer_load_dword v1, v0, s[0:3], 0 offen                   ; e0301000 80000100
	v_cvt_f32_f16_e32 v1, v1                                    ; 7e021701
	s_barrier                                                   ; bf8a0000
BB2:
	ds_read_b128 v[4:7], v2                                     ; dbfc0000 04000002
	v_fmac_f32_e32 v8, v4, v5                                   ; 56100b04
	v_fma_mix_f32 v9, v4, v5, v9                                ; d3a00009 04260b04
	v_mad_u32_u24 v2, v2, 4, 16                                 ; d5430002 02410902
	v_dual_fmac_f32 v10, v4, v5 :: v_dual_mov_b32 v11, v6       ; c8000000 00000000
	s_cbranch_scc1 BB2                                          ; bf85fff0
BB3:
	s_barrier                                                   ; bf8a0000
	s_branch BB1                                                ; bf82ffe0
BB4:
	s_endpgm                                                    ; bf810000
*** SHADER STATS ***
SGPRs: 32
VGPRs: 96
Spilled SGPRs: 0
Spilled VGPRs: 2
LDS size: 8192
Subgroups per SIMD: 10
Pre-Sched VGPRs: 93
`;

describe('readPipelines', () => {
  const [pipeline] = readPipelines(LISTING);

  it('reads statistics and what was announced', () => {
    expect(pipeline).toMatchObject({
      label: 'gemm',
      purpose: 'a layer',
      constants: { TILE_K: 16, WHOLE: true },
      registers: 96,
      spills: 2,
      waves: 10,
      workgroupBytes: 8192,
    });
  });

  it('finds loops and counts what they are made of', () => {
    const { code } = pipeline!;
    const nest = code.nest();
    expect(nest).toHaveLength(2);
    expect(code.within(nest[1]!)).toEqual({ fused: 3, vector: 5, conversions: 0 });
    expect(fusedShare(code.within(nest[1]!))).toBe(0.6);
    expect(code.within(nest[0]!)).toEqual({ fused: 3, vector: 6, conversions: 1 });
    expect(code.pass(nest, [4])).toEqual({ fused: 12, vector: 21, conversions: 1 });
    expect(code.pass(nest.slice(0, 1), [], 3)).toEqual({ fused: 9, vector: 16, conversions: 1 });
    expect(code.stretch(nest[0]!)).toEqual({ fused: 3, vector: 5, conversions: 0 });
  });
});
