/** Mirroring along each allowed axis with probability one half (batchgeneratorsv2, MirrorTransform). */
import { flip, type Tensor, tidy } from '@voxelgrad/tensor';
import { joinSamples, takeSamples } from './samples.ts';
import { onLabels, type Patches, type Transform } from './transform.ts';

/** Reverses, for each sample, the given axes (0 depth, 1 height, 2 width) of image and labels. */
export function applyMirror(patches: Patches, axes: readonly (readonly number[])[]): Patches {
  const groups = groupByAxes(axes);
  return tidy(() => ({
    image: flipGroups(patches.image, groups),
    ...onLabels(patches, (label) => flipGroups(label, groups)),
  }));
}

interface Group {
  readonly axes: readonly number[];
  readonly samples: readonly number[];
}

/** Samples that are flipped alike are flipped at once. */
function groupByAxes(axes: readonly (readonly number[])[]): Group[] {
  const groups = new Map<string, number[]>();
  for (const [sample, flipped] of axes.entries())
    groups.set(String(flipped), [...(groups.get(String(flipped)) ?? []), sample]);
  return [...groups.values()].map((samples) => ({ axes: axes[samples[0]!]!, samples }));
}

function flipGroups(x: Tensor, groups: readonly Group[]): Tensor {
  const parts = groups.map(({ axes, samples }) => {
    const rows = groups.length === 1 ? x : takeSamples(x, samples);
    return axes.length === 0
      ? rows
      : flip(
          rows,
          axes.map((axis) => axis + 1),
        );
  });
  return joinSamples(
    parts,
    groups.map(({ samples }) => samples),
  );
}

export interface MirrorSettings {
  readonly probability: number;
  /** 0 depth, 1 height, 2 width. */
  readonly axes: readonly number[];
}

export function mirror({ probability = 0.5, axes = [0, 1, 2] }: Partial<MirrorSettings> = {}): Transform {
  return {
    name: 'mirror',
    draw(random, { samples }) {
      const drawn = Array.from({ length: samples }, () => axes.filter(() => random.chance(probability)));
      return drawn.every((flipped) => flipped.length === 0) ? undefined : (patches) => applyMirror(patches, drawn);
    },
  };
}
