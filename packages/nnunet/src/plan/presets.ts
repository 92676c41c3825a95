/** The planners of nnU-Net 2.8 as data: which network, how much of it fits into which memory, and under which names the result is kept. */

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
