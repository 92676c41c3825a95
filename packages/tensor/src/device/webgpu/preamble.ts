/** Text put before a shader: storage types, constants and small functions, so that one WGSL file serves several data types and ops. */
import type { DType } from '../../dtype.ts';

export interface Preamble {
  /** `alias NAME = type;` for the storage type of each; f16 is enabled where it is among them. */
  readonly types?: Readonly<Record<string, DType>>;
  /** `const NAME = value;`: as WGSL writes it (`3u`, `0.5`, `true`). */
  readonly constants?: Readonly<Record<string, number | boolean | string>>;
  /** Any other declarations, such as `fn apply(x: f32) -> f32 { … }`. */
  readonly code?: string;
}

/** How an element is stored: u8 and bool live in 32-bit words. */
export function wgslType(dtype: DType): string {
  return dtype === 'u8' || dtype === 'bool' ? 'u32' : dtype;
}

export function writePreamble({ types = {}, constants = {}, code = '' }: Preamble): string {
  return [
    ...(Object.values(types).includes('f16') ? ['enable f16;'] : []),
    ...Object.entries(types).map(([name, dtype]) => `alias ${name} = ${wgslType(dtype)};`),
    ...Object.entries(constants).map(([name, value]) => `const ${name} = ${value};`),
    ...(code === '' ? [] : [code]),
  ].join('\n');
}
