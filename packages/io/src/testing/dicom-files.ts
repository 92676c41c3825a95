/** Writes DICOM files for tests (PS3.10, 7.1; PS3.5, 7.1): explicit or implicit VR, either byte order, sequences, fragments. */
import { type FileSource, sourceFromBytes } from '../source.ts';

export type Item = Readonly<Record<string, Value>>;
/** By VR: text (also of numbers), US numbers, the items of a sequence, bytes, or fragments. */
export type Value = readonly [
  vr: string,
  value: string | number | readonly Item[] | Uint8Array | readonly Uint8Array[],
];

export interface DicomSettings {
  readonly syntax?: string;
  /** Added to, or in place of, those of an axial CT slice of 10 × 12. */
  readonly elements?: Item;
  /** Elements to leave out. */
  readonly without?: readonly string[];
}

export const uncompressed = '1.2.840.10008.1.2.1';

/** Bytes of a file; keys are tags as `00280010`. */
export function dicomBytes({
  syntax = uncompressed,
  elements = {},
  without = [],
}: DicomSettings = {}): Uint8Array<ArrayBuffer> {
  const all: Record<string, Value> = { ...sliceElements, ...elements };
  for (const tag of without) delete all[tag];
  const meta = encodeItem({ '00020010': ['UI', syntax] }, true, true);
  const length = encodeItem({ '00020000': ['UL', meta.length] }, true, true);
  const body = encodeItem(all, syntax !== '1.2.840.10008.1.2', syntax !== '1.2.840.10008.1.2.2');
  return concatenated([new Uint8Array(128), latin1('DICM'), length, meta, body]);
}

export const dicomFile = (name: string, settings: DicomSettings = {}): FileSource =>
  sourceFromBytes(dicomBytes(settings), name);

/** Voxel i is 37 · i modulo 4096. */
export const countingSamples = (count = 120): Uint16Array =>
  Uint16Array.from({ length: count }, (_, i) => (i * 37) % 4096);

export const pixelBytes = (samples: Uint16Array | Int16Array, littleEndian = true): Uint8Array => {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  samples.forEach((sample, i) => {
    view.setInt16(2 * i, sample, littleEndian);
  });
  return new Uint8Array(view.buffer);
};

const sliceElements: Item = {
  '00080060': ['CS', 'CT'],
  '0020000e': ['UI', '1.2.3'],
  '00200013': ['IS', '1'],
  '00200032': ['DS', '-10.5\\20\\-30'],
  '00200037': ['DS', '1\\0\\0\\0\\1\\0'],
  '00280002': ['US', 1],
  '00280004': ['CS', 'MONOCHROME2'],
  '00280010': ['US', 12],
  '00280011': ['US', 10],
  '00280030': ['DS', '0.75\\0.5'],
  '00280100': ['US', 16],
  '00280101': ['US', 12],
  '00280102': ['US', 11],
  '00280103': ['US', 0],
  '7fe00010': ['OW', pixelBytes(countingSamples())],
};

function encodeItem(item: Item, explicit: boolean, littleEndian: boolean): Uint8Array {
  const tags = Object.keys(item).sort();
  return concatenated(tags.map((tag) => encodeElement(tag, item[tag]!, explicit, littleEndian)));
}

function encodeElement(tag: string, [vr, value]: Value, explicit: boolean, littleEndian: boolean): Uint8Array {
  const fragments =
    Array.isArray(value) && value[0] instanceof Uint8Array ? (value as readonly Uint8Array[]) : undefined;
  const content = fragments ? encapsulated(fragments) : encodeValue(vr, value, explicit, littleEndian);
  const size = fragments ? 0xffffffff : content.length;
  const long = /^(OB|OW|SQ|UN|UT)$/.test(vr);
  const head = new DataView(new ArrayBuffer(explicit && long ? 12 : 8));
  putTag(head, 0, tag, littleEndian);
  if (explicit) {
    head.setUint8(4, vr.charCodeAt(0));
    head.setUint8(5, vr.charCodeAt(1));
    if (long) head.setUint32(8, size, littleEndian);
    else head.setUint16(6, size, littleEndian);
  } else head.setUint32(4, size, littleEndian);
  return concatenated([new Uint8Array(head.buffer), content]);
}

function encodeValue(vr: string, value: Value[1], explicit: boolean, littleEndian: boolean): Uint8Array {
  if (value instanceof Uint8Array) return even(value);
  if (typeof value === 'string') return even(latin1(value), vr === 'UI' ? 0 : 32);
  if (typeof value === 'number') {
    const view = new DataView(new ArrayBuffer(vr === 'US' ? 2 : 4));
    if (vr === 'US') view.setUint16(0, value, littleEndian);
    else view.setUint32(0, value, littleEndian);
    return new Uint8Array(view.buffer);
  }
  return concatenated(
    (value as readonly Item[]).map((item) =>
      delimited('fffee000', encodeItem(item, explicit, littleEndian), littleEndian),
    ),
  );
}

/** An empty offset table, the fragments, and the delimiter. */
function encapsulated(fragments: readonly Uint8Array[]): Uint8Array {
  const parts = [new Uint8Array(0), ...fragments].map((fragment) => delimited('fffee000', even(fragment), true));
  return concatenated([...parts, delimited('fffee0dd', new Uint8Array(0), true)]);
}

function delimited(tag: string, content: Uint8Array, littleEndian: boolean): Uint8Array {
  const head = new DataView(new ArrayBuffer(8));
  putTag(head, 0, tag, littleEndian);
  head.setUint32(4, content.length, littleEndian);
  return concatenated([new Uint8Array(head.buffer), content]);
}

function putTag(view: DataView, at: number, tag: string, littleEndian: boolean): void {
  view.setUint16(at, Number.parseInt(tag.slice(0, 4), 16), littleEndian);
  view.setUint16(at + 2, Number.parseInt(tag.slice(4), 16), littleEndian);
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

const even = (bytes: Uint8Array, padding = 0): Uint8Array =>
  bytes.length % 2 === 0 ? bytes : concatenated([bytes, Uint8Array.of(padding)]);

function concatenated(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
