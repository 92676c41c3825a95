/** Turns a rejected pipeline into an error that shows the WGSL around the place. */
import { VoxelgradError } from '../../errors.ts';

const LINES_AROUND = 3;

/** The lines around `line` (from 1), numbered, with `>` before that line. */
export function excerpt(code: string, line: number): string {
  const lines = code.split('\n');
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(lines.length, line + LINES_AROUND);
  const numbered: string[] = [];
  for (let number = first; number <= last; number++)
    numbered.push(`${number === line ? '>' : ' '} ${String(number).padStart(4)} | ${lines[number - 1]}`);
  return numbered.join('\n');
}

/** `use` says which op with which operands asked for the shader. */
export async function compileError(
  shader: string,
  use: string,
  module: GPUShaderModule,
  code: string,
  cause: unknown,
): Promise<VoxelgradError> {
  const info = await module.getCompilationInfo();
  const errors = info.messages.filter((message) => message.type === 'error');
  const places = errors.map((message) => `${message.lineNum}: ${message.message}\n${excerpt(code, message.lineNum)}`);
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new VoxelgradError('kernel', {
    what: `the shader '${shader}' does not compile for ${use}\n${places.length > 0 ? places.join('\n') : reason}`,
    help: "this is a fault of voxelgrad or of the graphics driver: please report it, and use device 'cpu' meanwhile",
    cause,
  });
}
