/** A piece of the shared memory. */
import { isChanging, notCapturable, type PlannedMemory } from '../../capture/recording.ts';
import type { DeviceBuffer } from '../device.ts';

/** Addresses of memory that a recorded step has asked for and that has no place yet: far above the 4 GiB of real ones, so that they can be told apart. */
const FIRST_PLANNED_ADDRESS = 2 ** 40;
/** Planned memory is this far apart: kernels get addresses some way before or behind its start. */
const SPACING = 2 ** 34;

export class CpuBuffer implements DeviceBuffer {
  address: number;
  readonly bytes: number;
  /** Set where it was made while a step was recorded. */
  readonly planned: PlannedMemory | undefined;
  /** Captured steps that use it: it outlives its last handle for as long as there are some. */
  captures = 0;
  freed = false;

  constructor(address: number, bytes: number, planned?: PlannedMemory) {
    this.address = address;
    this.bytes = bytes;
    this.planned = planned;
  }
}

export const plannedAddress = (index: number): number => FIRST_PLANNED_ADDRESS + index * SPACING + SPACING / 2;

export const isPlanned = (address: number): boolean => address >= FIRST_PLANNED_ADDRESS && !isChanging(address);

/** Which planned memory an address lies in or near. */
export const plannedIndex = (address: number): number => Math.floor((address - FIRST_PLANNED_ADDRESS) / SPACING);

/** Memory of a step that could not be captured has no address that a kernel could be given. */
export function checkPlaced(buffer: CpuBuffer): void {
  if (isPlanned(buffer.address))
    throw notCapturable('left a tensor behind that has no memory', 'return from the step what is needed outside of it');
}
