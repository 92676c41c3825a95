/**
 * dataset.json in its two dialects: nnU-Net's (`channel_names`, labels as name → value) and the Medical Segmentation Decathlon's,
 * which nnU-Net v1 shared (`modality`, labels as value → name). Nothing in it is believed before it is checked.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type FileSource, readText } from '../source.ts';
import { type LabelEntries, type Labels, parseLabels } from './labels.ts';

export interface DatasetDescription {
  readonly name?: string;
  readonly channelNames: readonly string[];
  readonly labels: Labels;
  readonly numTraining?: number;
  readonly fileEnding?: string;
  /** nnU-Net's class that is to read the images: `overwrite_image_reader_writer`. */
  readonly imageReader?: string;
  /** nnU-Net: case → its files, instead of names in imagesTr. */
  readonly explicit?: Readonly<Record<string, { readonly images: readonly string[]; readonly label?: string }>>;
  /** Decathlon: the lists of files. */
  readonly training?: readonly { readonly image: string; readonly label: string }[];
  readonly test?: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** Reads and checks a dataset.json. Throws 'format' for what is no JSON, 'dataset' for what is no data set. */
export async function readDatasetJson(source: FileSource): Promise<DatasetDescription> {
  const what = source.path;
  const json = parseObject(await readText(source), what);
  const channels = json.channel_names ?? json.modality;
  if (!isRecordOf(channels, isString) || Object.keys(channels).length === 0)
    throw wrong(what, 'channel_names, as {"0": "T1", …}', channels);
  const order = Object.keys(channels).sort((a, b) => Number(a) - Number(b));
  if (!order.every((key, i) => key === String(i))) throw wrong(what, 'channel_names numbered from 0', channels);
  const regionsClassOrder = json.regions_class_order;
  if (regionsClassOrder !== undefined && !isArrayOf(regionsClassOrder, isNumber))
    throw wrong(what, 'regions_class_order to be a list of numbers', regionsClassOrder);
  return {
    channelNames: order.map((key) => channels[key]!),
    labels: parseLabels(labelsOf(json, what), regionsClassOrder, what),
    ...optional('name', json.name, isString, what),
    ...optional('numTraining', json.numTraining, isNumber, what),
    ...optional('fileEnding', json.file_ending, isString, what),
    ...optional('imageReader', json.overwrite_image_reader_writer ?? undefined, isString, what),
    ...optional('explicit', json.dataset, isExplicit, what),
    ...optional('training', json.training, isTrainingList, what),
    ...optional('test', testList(json.test), isStrings, what),
  };
}

function parseObject(text: string, what: string): Json {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new VoxelgradError('format', {
      what,
      expected: 'JSON',
      got: cause instanceof Error ? cause.message : '',
      cause,
    });
  }
  if (!isObject(value)) throw wrong(what, 'a JSON object', value);
  return value;
}

function labelsOf(json: Json, what: string): LabelEntries {
  const { labels } = json;
  if (isRecordOf(labels, isValues)) return labels;
  if (isRecordOf(labels, isString) && Object.keys(labels).every((key) => /^\d+$/.test(key)))
    return Object.fromEntries(
      Object.entries(labels).map(([value, name]) => [value === '0' ? 'background' : name, Number(value)]),
    );
  throw wrong(what, 'labels, as {"background": 0, "tumor": 1, …}', labels);
}

/** The Decathlon lists test images as strings, some copies of it as {image}. */
function testList(value: unknown): unknown {
  return Array.isArray(value) ? value.map((entry: unknown) => (isObject(entry) ? entry.image : entry)) : value;
}

function optional<Key extends string, Value>(
  key: Key,
  value: unknown,
  check: (value: unknown) => value is Value,
  what: string,
) {
  if (value === undefined) return {} as { [K in Key]?: Value };
  if (!check(value)) throw wrong(what, `another ${key}`, value);
  return { [key]: value } as { [K in Key]?: Value };
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isString = (value: unknown): value is string => typeof value === 'string';
const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value);
const isValues = (value: unknown): value is number | number[] => isNumber(value) || isArrayOf(value, isNumber);
const isStrings = (value: unknown): value is string[] => isArrayOf(value, isString);

function isArrayOf<Value>(value: unknown, check: (value: unknown) => value is Value): value is Value[] {
  return Array.isArray(value) && value.every(check);
}

function isRecordOf<Value>(value: unknown, check: (value: unknown) => value is Value): value is Record<string, Value> {
  return isObject(value) && Object.values(value).every(check);
}

const isExplicitCase = (value: unknown): value is { images: string[]; label?: string } =>
  isObject(value) && isStrings(value.images) && (value.label === undefined || isString(value.label));

const isExplicit = (value: unknown): value is Record<string, { images: string[]; label?: string }> =>
  isRecordOf(value, isExplicitCase);

const isTrainingList = (value: unknown): value is { image: string; label: string }[] =>
  isArrayOf(
    value,
    (entry): entry is { image: string; label: string } =>
      isObject(entry) && isString(entry.image) && isString(entry.label),
  );

function wrong(what: string, expected: string, got: unknown): VoxelgradError {
  const text = JSON.stringify(got) ?? 'nothing';
  return new VoxelgradError('dataset', { what, expected, got: text.length > 120 ? `${text.slice(0, 120)}…` : text });
}
