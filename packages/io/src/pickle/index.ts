export type { PickleLimits } from './budget.ts';
export { NumpyArray, type NumpyData, numpyGlobals } from './numpy-globals.ts';
export { PickledCall, PickledFloat, PickledName, pickle, type Reducer } from './pickle.ts';
export { pythonGlobals } from './python-globals.ts';
export { type UnpickleOptions, unpickle } from './unpickle.ts';
export {
  countsOf,
  type Globals,
  itemsOf,
  kindOf,
  type Pickled,
  PickledCallable,
  PickledObject,
  PickledTuple,
} from './values.ts';
