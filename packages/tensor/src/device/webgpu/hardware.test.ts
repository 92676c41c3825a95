/** Opening the fastest device on machines without a GPU, whatever drivers are installed on them. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { lacking } from '../../testing-skips.ts';
import { requireHardware } from './hardware.ts';

const CHOICES = /^(VOXELGRAD_|VK_|XDG_RUNTIME_DIR)/;

const hasGpu = (): boolean => {
  try {
    requireHardware();
    return true;
  } catch {
    return false;
  }
};

async function run(script: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !CHOICES.test(name)));
  return promisify(execFile)(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', script], {
    // A folder from which the package's name can be resolved.
    cwd: fileURLToPath(new URL('../../../../nn/', import.meta.url)),
    env,
  });
}

const present = hasGpu() ? 'this machine has a GPU, or cannot tell' : undefined;

describe('without a GPU', lacking(present), () => {
  it("'auto' is the cpu device, and drivers have nothing to say on the terminal", async () => {
    const { stdout, stderr } = await run(`
      import { openDevice } from '@voxelgrad/tensor/node';
      const device = await openDevice('auto');
      console.log(device.kind);
      await device.close();
    `);
    expect(stdout).toBe('cpu\n');
    expect(stderr).toBe('');
  });

  it("'webgpu' says what is missing", async () => {
    const { stdout, stderr } = await run(`
      import { openDevice } from '@voxelgrad/tensor/node';
      console.log(await openDevice('webgpu').catch((error) => error.code + ' ' + error.message));
    `);
    expect(stdout).toMatch(/^device this machine shows no GPU[\s\S]*help: /);
    expect(stderr).toBe('');
  });
});
