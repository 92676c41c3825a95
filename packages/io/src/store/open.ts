/** Opens a stored case: reads its metadata and checks them against each other. No voxel is read. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { isRecord, parseJson, refuse } from './array-metadata.ts';
import type { CaseSource } from './case-source.ts';
import { ChunkCache } from './chunk-cache.ts';
import { parseLocations } from './locations.ts';
import type { JsonObject } from './preprocessed-case.ts';
import { openArray, type StoredArray } from './stored-array.ts';
import { StoredCase } from './stored-case.ts';
import { storeVersion } from './write.ts';

export interface OpenCaseOptions {
  /** By default the last part of the source's path. */
  readonly name?: string;
  /** Keeps decoded chunks; one cache may serve all cases of a training. Without it chunks are read anew for each patch. */
  readonly cache?: ChunkCache;
  /** Where `previous.zarr`, the segmentation of the stage before, lies; by default beside the images. */
  readonly previous?: CaseSource;
  /** What the case must have been stored with. */
  readonly key?: string;
}

/** properties.json; a hand-written field or two may be long. */
const propertiesLimit = 16 * 2 ** 20;
/** A million locations take some 8 MB. */
const locationsLimit = 2 ** 30;

let opened = 0;

/** Opens a case. Throws 'file' where there is none or a part is missing, 'format' where it is damaged, 'dataset' where its key is another one. */
export async function openCase(source: CaseSource, options: OpenCaseOptions = {}): Promise<StoredCase> {
  const { name = source.path.slice(source.path.lastIndexOf('/') + 1), cache = new ChunkCache(0) } = options;
  const description = await readDescription(source);
  if (description === undefined) throw missing(source, 'properties.json');
  if (options.key !== undefined && description.key !== options.key)
    throw new VoxelgradError('dataset', {
      what: source.path,
      expected: `a case stored with the key ${options.key}`,
      got: description.key,
      help: 'preprocess it again',
    });
  const data = await openArray(source, 'data.zarr', 'float32', 4);
  if (data === undefined) throw missing(source, 'data.zarr');
  if (data.metadata.chunkShape[3] !== data.metadata.shape[3])
    throw refuse(`${source.path}/data.zarr`, 'chunks that hold all channels', data.metadata.chunkShape);
  const seg = await openLabels(source, 'seg.zarr', data);
  const previous = await openLabels(options.previous ?? source, 'previous.zarr', data);
  const locations = await source.get('locations.json', locationsLimit);
  if (locations === undefined) throw missing(source, 'locations.json');
  const voxels = data.metadata.shape.slice(0, 3).reduce((product, extent) => product * extent, 1);
  return new StoredCase({
    name,
    arrays: { data, ...(seg === undefined ? {} : { seg }), ...(previous === undefined ? {} : { previous }) },
    cache,
    cacheKey: `${opened++}/`,
    properties: description.properties,
    ...parseLocations(locations, voxels, `${source.path}/locations.json`),
  });
}

/** True for a case that is stored whole, in this version of the store and, if one is given, with this key. */
export async function isStored(source: CaseSource, key?: string): Promise<boolean> {
  try {
    const description = await readDescription(source);
    return description !== undefined && (key === undefined || description.key === key);
  } catch (error) {
    if (error instanceof VoxelgradError && error.code === 'format') return false;
    throw error;
  }
}

/** `properties.json`, which is written last: undefined where the case is not whole. */
async function readDescription(source: CaseSource): Promise<{ key: string; properties: JsonObject } | undefined> {
  const what = `${source.path}/properties.json`;
  const bytes = await source.get('properties.json', propertiesLimit);
  if (bytes === undefined) return undefined;
  const json = parseJson(bytes, what);
  if (!isRecord(json) || json.version !== storeVersion)
    throw refuse(what, `version ${storeVersion} of the store`, isRecord(json) ? json.version : json);
  const { key, properties } = json;
  if (typeof key !== 'string' || !isRecord(properties)) throw refuse(what, 'a key and properties', json);
  // Whatever JSON.parse gives is JSON.
  return { key, properties: properties as JsonObject };
}

/** Labels lie in the same grid of chunks as the image. */
async function openLabels(source: CaseSource, name: string, data: StoredArray): Promise<StoredArray | undefined> {
  const array = await openArray(source, name, 'int16', 3);
  if (array === undefined) return undefined;
  const { shape, chunkShape } = array.metadata;
  const wanted = data.metadata;
  if (
    String(shape) !== String(wanted.shape.slice(0, 3)) ||
    String(chunkShape) !== String(wanted.chunkShape.slice(0, 3))
  )
    throw refuse(`${source.path}/${name}`, `the shape and chunks of data.zarr`, { shape, chunkShape });
  return array;
}

function missing(source: CaseSource, part: string): VoxelgradError {
  return new VoxelgradError('file', {
    what: `${source.path}/${part}`,
    got: 'no such file',
    help: 'there is no whole stored case here; preprocess it first',
  });
}
