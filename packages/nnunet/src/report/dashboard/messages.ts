/** What the dashboard's server tells its page: JSON, as server-sent events of these names. */
import type { EpochRecord } from '../../train/history.ts';

/** One row of the list of settings. */
export interface Setting {
  readonly name: string;
  readonly value: string;
}

/** A label or region that is outlined in patches. */
export interface OutlinedClass {
  readonly name: string;
  /** Values of a voxel's label that belong to it; of regions the bit that says so: 1, 2, 4, … */
  readonly value: number;
}

/** All that is known when a page connects; the other events go on from there. */
export interface RunState {
  readonly title: string;
  /** Of the pseudo Dice, in its order. */
  readonly classes: readonly string[];
  readonly channels: readonly string[];
  readonly lossName: string;
  readonly settings: readonly Setting[];
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  readonly records: readonly EpochRecord[];
  /** Means of `lossesPerPoint` iterations each, and single losses behind them. */
  readonly losses: readonly number[];
  readonly lossesPerPoint: number;
  readonly latestLosses: readonly number[];
  readonly progress: ProgressState;
  /** The patch to show; undefined before the first. */
  readonly patch?: PatchNotice | undefined;
  /** Why there are no patches. */
  readonly problem?: string | undefined;
  readonly end?: RunEnd | undefined;
}

export type Stage = 'preparing' | 'training' | 'validation patches' | 'held-out cases';

export interface ProgressState {
  readonly stage: Stage;
  /** Of the stage: iterations of the whole run, or cases. */
  readonly done: number;
  readonly total: number;
  /** Iterations per second, lately. */
  readonly rate: number | null;
  /** Until the training ends, as it goes now. */
  readonly secondsLeft: number | null;
  /** Undefined before the device is at work. */
  readonly memory?: MemoryState | undefined;
}

/** Bytes. */
export interface MemoryState {
  readonly device: string;
  readonly used: number;
  readonly peak: number;
  readonly reserved: number;
  /** What the whole program holds of the main memory. */
  readonly program: number;
}

/** A patch that can be fetched. */
export interface PatchNotice {
  /** Counts from 1. */
  readonly id: number;
  /** Iterations that the network had been trained when it saw the patch. */
  readonly iteration: number;
}

export interface RunEnd {
  readonly how: 'finished' | 'patience' | 'interrupted' | 'failed';
  /** What went wrong. */
  readonly problem?: string | undefined;
  /** Mean Dice over the held-out cases. */
  readonly dice: readonly { readonly name: string; readonly dice: number | null }[];
}

export interface Events {
  readonly run: RunState;
  readonly progress: ProgressState;
  /** Losses of the iterations since the last such event. */
  readonly losses: readonly number[];
  readonly epoch: EpochRecord;
  readonly patch: PatchNotice;
  /** Why there will be no patches. */
  readonly problem: string;
  readonly end: RunEnd;
}
