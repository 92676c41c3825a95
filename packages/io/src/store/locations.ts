/** `locations.json`: where the voxels of each class or region are. Indices are checked against the case before a patch is centred on one. */
import { isRecord, parseJson, refuse } from './array-metadata.ts';
import type { StoredLocations } from './preprocessed-case.ts';

export interface CaseLocations {
  readonly classLocations: readonly StoredLocations[];
  readonly annotatedLocations?: Uint32Array;
}

export function encodeLocations({ classLocations, annotatedLocations }: CaseLocations): Uint8Array {
  const classes = classLocations.map(({ labels, voxels }) => ({ labels, voxels: [...voxels] }));
  const annotated = annotatedLocations === undefined ? {} : { annotated: [...annotatedLocations] };
  return new TextEncoder().encode(JSON.stringify({ classes, ...annotated }));
}

/** `voxels` is how many the case has. Throws 'format'. */
export function parseLocations(bytes: Uint8Array, voxels: number, what: string): CaseLocations {
  const json = parseJson(bytes, what);
  if (!isRecord(json) || !Array.isArray(json.classes)) throw refuse(what, 'a list of classes', json);
  const classLocations = json.classes.map((entry: unknown): StoredLocations => {
    if (!isRecord(entry) || !Array.isArray(entry.labels) || !entry.labels.every(Number.isInteger))
      throw refuse(what, 'labels and voxels of a class', entry);
    return { labels: entry.labels as number[], voxels: indices(entry.voxels, voxels, what) };
  });
  if (json.annotated === undefined) return { classLocations };
  return { classLocations, annotatedLocations: indices(json.annotated, voxels, what) };
}

function indices(value: unknown, voxels: number, what: string): Uint32Array {
  if (!Array.isArray(value)) throw refuse(what, 'a list of voxels', value);
  const wrong = value.find((index) => !(Number.isInteger(index) && index >= 0 && index < voxels));
  if (wrong !== undefined || value.includes(undefined)) throw refuse(what, `voxels from 0 to ${voxels - 1}`, wrong);
  return Uint32Array.from(value as number[]);
}
