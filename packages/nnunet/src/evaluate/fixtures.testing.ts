/** For tests: the golden numbers beside the repository (`../shared/fixtures`), made by the official code. A checkout without them skips. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readSafetensors, type SafetensorsEntry } from '@voxelgrad/nn';

const root = new URL('../../../../../shared/fixtures/', import.meta.url);

export interface FixtureCase<Attrs> {
  readonly name: string;
  readonly op: string;
  readonly attrs: Attrs;
  readonly tolerance: Readonly<Record<string, number | boolean>>;
  readonly file?: string;
}

export interface FixtureFolder {
  /** What tests that need it are lacking, where the folder is missing. */
  readonly missing: string | undefined;
  casesOf<Attrs>(op: string): FixtureCase<Attrs>[];
  tensorsOf(one: FixtureCase<unknown>): Map<string, SafetensorsEntry>;
  /** Where a file or folder of it is. */
  pathOf(file: string): string;
  /** Another file of the folder. */
  textOf(file: string): string;
  bytesOf(file: string): Uint8Array;
}

export function fixtureFolder(name: string): FixtureFolder {
  const pathOf = (file: string): string => fileURLToPath(new URL(`${name}/${file}`, root));
  const missing = existsSync(pathOf('index.json'))
    ? undefined
    : `golden numbers of '${name}': no ../shared/fixtures beside the repository`;
  return {
    missing,
    pathOf,
    casesOf<Attrs>(op: string) {
      const { cases } = JSON.parse(readFileSync(pathOf('index.json'), 'utf8')) as { cases: FixtureCase<Attrs>[] };
      return cases.filter((one) => one.op === op);
    },
    tensorsOf: (one) => readSafetensors(new Uint8Array(readFileSync(pathOf(one.file!)))),
    textOf: (file) => readFileSync(pathOf(file), 'utf8'),
    bytesOf: (file) => readFileSync(pathOf(file)),
  };
}

/** The numbers of a tensor of any type. */
export const numbersOf = (entry: SafetensorsEntry | undefined): number[] => Array.from(entry!.data, Number);
