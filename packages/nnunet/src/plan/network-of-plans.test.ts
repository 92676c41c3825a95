/** Networks as plans describe them, and plans that describe others. */
import { describe, expect, it } from 'vitest';
import { architectureArguments, plainConvUNetClass } from './architecture.ts';
import { networkOptions } from './network-of-plans.ts';
import type { ArchitectureArguments } from './plans.ts';

const plan = (changed: Partial<ArchitectureArguments> = {}, name = plainConvUNetClass) => ({
  network_class_name: name,
  arch_kwargs: {
    ...architectureArguments(2, {
      features_per_stage: [4, 8],
      kernel_sizes: [
        [3, 3],
        [3, 3],
      ],
      strides: [
        [1, 1],
        [2, 2],
      ],
      n_conv_per_stage: [2, 2],
      n_conv_per_stage_decoder: [2],
    }),
    ...changed,
  },
  _kw_requires_import: [],
});

describe('networkOptions', () => {
  it("reads nnU-Net's own choices, and others that are known", () => {
    expect(networkOptions(plan(), 1, 3)).toMatchObject({ slope: 0.01, epsilon: 1e-5, bias: true, features: [4, 8] });
    const leaky = plan({ nonlin_kwargs: { inplace: true, negative_slope: 0.2 }, norm_op_kwargs: { eps: 1e-3 } });
    expect(networkOptions(leaky, 1, 3)).toMatchObject({ slope: 0.2, epsilon: 1e-3 });
    const plain = plan({ nonlin: 'torch.nn.modules.activation.ReLU', nonlin_kwargs: null, norm_op_kwargs: null });
    expect(networkOptions(plain, 1, 3)).toMatchObject({ slope: 0, epsilon: 1e-5 });
    expect(networkOptions(plan(), 1, 3).norm).toBe('instance');
    expect(networkOptions(plan({ norm_op: 'torch.nn.modules.batchnorm.BatchNorm3d' }), 1, 3).norm).toBe('batch');
    expect(networkOptions(plan(), 1, 3).skipFusion).toBe('concatenate');
    expect(networkOptions(plan({ skip_fusion: 'add' }), 1, 3).skipFusion).toBe('add');
  });

  it.each<[Partial<ArchitectureArguments>, RegExp]>([
    [{ nonlin: 'torch.nn.GELU' }, /nonlin: expected LeakyReLU or ReLU, got torch\.nn\.GELU/],
    [{ norm_op: 'torch.nn.GroupNorm' }, /norm_op: expected InstanceNorm or BatchNorm/],
    [{ norm_op_kwargs: { affine: false } }, /norm_op_kwargs\.affine/],
    [{ dropout_op: 'torch.nn.Dropout3d' }, /dropout_op: expected null/],
    [{ nonlin_kwargs: { negative_slope: Number.NaN } }, /negative_slope: expected a number/],
  ])('refuses %j', (changed, message) => {
    expect(() => networkOptions(plan(changed), 1, 3)).toThrow(message);
  });

  it('refuses networks that it does not have', () => {
    expect(() => networkOptions(plan({}, 'dynamic_network_architectures.architectures.primus.Primus'), 1, 3)).toThrow(
      /network_class_name: expected PlainConvUNet or ResidualEncoderUNet/,
    );
  });
});
