/**
 * The planners of nnU-Net 2.8 as data: which network, how much of it fits into which memory, and under which names the result is kept. The last ones are
 * voxelgrad's, for NVIDIA's networks.
 */

/** What NVIDIA's nnU-Net asks of its user: see nvidia-network.ts. */
export interface NvidiaNetwork {
  /** Most poolings: one less than stages; 5 by default (`--depth`). */
  readonly depth?: number;
  /** No feature map gets smaller along a pooled axis; 4 by default (`--min_fmap`). */
  readonly smallestFeatureMap?: number;
  /** Of each stage, finest first; doubled from 32 on by default, up to 320 in 3-D and 512 in 2-D (`--filters`). */
  readonly features?: readonly number[];
  /** [z, y, x] of 3-D configurations; that of nnU-Net's plan by default. */
  readonly patch?: readonly number[];
  /** One more input channel, which is 1 where something was imaged (`--ohe` of its preprocessing). */
  readonly foregroundMask?: boolean;
}

/** Of its BraTS 2021 notebook. */
export const nvidiaBraTS: NvidiaNetwork = {
  depth: 6,
  smallestFeatureMap: 2,
  features: [64, 96, 128, 192, 256, 384, 512],
  patch: [128, 128, 128],
  foregroundMask: true,
};

export interface PlannerPreset {
  /** As in plans.json: `experiment_planner_used`. */
  readonly name: string;
  readonly plansName: string;
  readonly residual: boolean;
  /** Memory in GB that the references stand for, and the default target. */
  readonly memory: number;
  /** Feature-map sizes (see feature-map-size.ts) that fit into it, in 3-D and 2-D. */
  readonly reference3d: number;
  readonly reference2d: number;
  /** A batch shows no more than this share of all voxels. */
  readonly largestShare: number;
  /** Its networks are those of NVIDIA's nnU-Net, at full resolution. */
  readonly nvidia?: NvidiaNetwork;
}

export const plannerPresets = {
  ExperimentPlanner: {
    name: 'ExperimentPlanner',
    plansName: 'nnUNetPlans',
    residual: false,
    memory: 8,
    reference3d: 560e6,
    reference2d: 85e6,
    largestShare: 0.05,
  },
  ResEncUNetPlanner: {
    name: 'ResEncUNetPlanner',
    plansName: 'nnUNetResEncUNetPlans',
    residual: true,
    memory: 8,
    reference3d: 680e6,
    reference2d: 135e6,
    largestShare: 0.05,
  },
  nnUNetPlannerResEncM: {
    name: 'nnUNetPlannerResEncM',
    plansName: 'nnUNetResEncUNetMPlans',
    residual: true,
    memory: 8,
    reference3d: 680e6,
    reference2d: 135e6,
    largestShare: 1,
  },
  nnUNetPlannerResEncL: {
    name: 'nnUNetPlannerResEncL',
    plansName: 'nnUNetResEncUNetLPlans',
    residual: true,
    memory: 24,
    reference3d: 2100e6,
    reference2d: 380e6,
    largestShare: 1,
  },
  nnUNetPlannerResEncXL: {
    name: 'nnUNetPlannerResEncXL',
    plansName: 'nnUNetResEncUNetXLPlans',
    residual: true,
    memory: 40,
    reference3d: 3600e6,
    reference2d: 560e6,
    largestShare: 1,
  },
  voxelgradPlannerNVIDIA: {
    name: 'voxelgradPlannerNVIDIA',
    plansName: 'voxelgradNVIDIAPlans',
    residual: false,
    memory: 8,
    reference3d: 560e6,
    reference2d: 85e6,
    largestShare: 0.05,
    nvidia: {},
  },
  voxelgradPlannerNVIDIABraTS: {
    name: 'voxelgradPlannerNVIDIABraTS',
    plansName: 'voxelgradNVIDIABraTSPlans',
    residual: false,
    memory: 8,
    reference3d: 560e6,
    reference2d: 85e6,
    largestShare: 0.05,
    nvidia: nvidiaBraTS,
  },
} as const satisfies Record<string, PlannerPreset>;

export type PlannerName = keyof typeof plannerPresets;

/** The batch sizes that the references were measured with. */
export const referenceBatch = { '2d': 12, '3d': 2 } as const;
export const smallestBatch = 2;

export const baseFeatures = 32;
export const mostFeatures = { '2d': 512, '3d': 320 } as const;

/** Blocks of residual encoders by stage; the last is repeated. */
const residualBlocks = [1, 3, 4, 6];

export const perStageOf = ({ residual }: PlannerPreset, stages: number): number[] =>
  Array.from({ length: stages }, (_, i) => (residual ? residualBlocks[Math.min(i, residualBlocks.length - 1)]! : 2));

export const perDecoderStageOf = ({ residual }: PlannerPreset, stages: number): number[] =>
  Array.from({ length: stages - 1 }, () => (residual ? 1 : 2));
