/** Attributes of a DICOM data set with their values checked: a number is a number, and there are as many as there must be. */
import type { DataSet } from 'dicom-parser';
import { refuseDicom } from './file.ts';

/** The attributes that are read, by keyword, as the parser names their tags. */
export const tags = {
  imageType: 'x00080008',
  modality: 'x00080060',
  seriesDescription: 'x0008103e',
  sliceThickness: 'x00180050',
  spacingBetweenSlices: 'x00180088',
  echoTime: 'x00180081',
  triggerTime: 'x00181060',
  diffusionBValue: 'x00189087',
  seriesInstanceUid: 'x0020000e',
  acquisitionNumber: 'x00200012',
  instanceNumber: 'x00200013',
  imagePosition: 'x00200032',
  imageOrientation: 'x00200037',
  temporalPosition: 'x00200100',
  samplesPerPixel: 'x00280002',
  photometricInterpretation: 'x00280004',
  numberOfFrames: 'x00280008',
  rows: 'x00280010',
  columns: 'x00280011',
  pixelSpacing: 'x00280030',
  bitsAllocated: 'x00280100',
  bitsStored: 'x00280101',
  highBit: 'x00280102',
  pixelRepresentation: 'x00280103',
  rescaleIntercept: 'x00281052',
  rescaleSlope: 'x00281053',
  modalityLut: 'x00283000',
  sharedGroups: 'x52009229',
  frameGroups: 'x52009230',
  planePosition: 'x00209113',
  planeOrientation: 'x00209116',
  pixelMeasures: 'x00289110',
  pixelValueTransformation: 'x00289145',
  pixelData: 'x7fe00010',
} as const;

export type Tag = keyof typeof tags;

/** `count` decimal numbers (VR DS); undefined where the attribute is missing or empty. Throws 'format' for anything else. */
export function decimals(dataset: DataSet, tag: Tag, count: number, file: string): number[] | undefined {
  const text = dataset.string(tags[tag]);
  if (text === undefined || text.trim() === '') return undefined;
  const values = text.split('\\').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values.length !== count || !values.every(Number.isFinite))
    throw refuseDicom(file, `${count} finite numbers for ${tag}`, text.slice(0, 80));
  return values;
}

/** One whole number (VR IS or US) from `low` to `high`; `otherwise` where the attribute is missing and that is allowed. */
export function wholeNumber(
  dataset: DataSet,
  tag: Tag,
  [low, high]: readonly [number, number],
  file: string,
  otherwise?: number,
): number {
  const value = tag === 'numberOfFrames' ? numberText(dataset, tag) : shortNumber(dataset, tag, file);
  if (value === undefined && otherwise !== undefined) return otherwise;
  if (value === undefined || !Number.isInteger(value) || value < low || value > high)
    throw refuseDicom(file, `${tag} from ${low} to ${high}`, String(value ?? 'none'));
  return value;
}

const numberText = (dataset: DataSet, tag: Tag): number | undefined => {
  const text = dataset.string(tags[tag])?.trim();
  return text === undefined || text === '' ? undefined : Number(text);
};

function shortNumber(dataset: DataSet, tag: Tag, file: string): number | undefined {
  const element = dataset.elements[tags[tag]];
  if (element === undefined || element.length === 0) return undefined;
  if (element.length < 2 || element.dataOffset + 2 > dataset.byteArray.length)
    throw refuseDicom(file, `two bytes of ${tag}`, `${element.length}`);
  return dataset.uint16(tags[tag]);
}

/** Text of an attribute, trimmed; undefined where it is missing or empty. */
export function text(dataset: DataSet, tag: Tag): string | undefined {
  const value = dataset.string(tags[tag])?.trim();
  return value === undefined || value === '' ? undefined : value;
}

/** Items of a sequence. */
export const items = (dataset: DataSet, tag: Tag): readonly DataSet[] =>
  dataset.elements[tags[tag]]?.items?.flatMap(({ dataSet }) => dataSet ?? []) ?? [];
