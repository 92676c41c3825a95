/**
 * Where shader text comes from. A shader is a WGSL file of the folder `shaders/`, named without its ending ('reduce/sum'); a line
 * `// #include "common/index.wgsl"` stands for another file, taken once however often it is named.
 */
import { VoxelgradError } from '../../errors.ts';

/** Gives the text of a file of `shaders/` ('reduce/sum.wgsl'), or undefined where there is none. */
export type ShaderSource = (path: string) => string | undefined | Promise<string | undefined>;

const INCLUDE = /^[ \t]*\/\/[ \t]*#include[ \t]+"([^"]+)"[ \t]*$/gm;

async function resolve(path: string, source: ShaderSource, seen: Set<string>): Promise<string> {
  seen.add(path);
  const text = await source(path);
  if (text === undefined)
    throw new VoxelgradError('kernel', {
      what: `the shader '${path}' is missing`,
      help: 'the installation is incomplete: install voxelgrad again',
    });
  const parts: string[] = [];
  let end = 0;
  for (const match of text.matchAll(INCLUDE)) {
    parts.push(text.slice(end, match.index));
    const included = match[1]!;
    if (!seen.has(included)) parts.push(await resolve(included, source, seen));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts.join('');
}

/** The whole text of the shader `name`, includes put in. */
export const resolveShader = (name: string, source: ShaderSource): Promise<string> =>
  resolve(`${name}.wgsl`, source, new Set());

/** A source over texts that are already here, as a bundle has them. */
export const shadersFrom =
  (texts: Readonly<Record<string, string>>): ShaderSource =>
  (path) =>
    texts[path];
