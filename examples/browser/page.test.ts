/** The page as it would be published: built by Vite, served, and used in Chromium. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium as launcher } from 'playwright';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lacking } from '../../packages/tensor/src/testing-skips.ts';
import { CHROMIUM_FLAGS, chromium } from '../../tools/chromium.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const missing = chromium === undefined ? 'there is no Chromium' : undefined;

describe('the page', lacking(missing), () => {
  let folder = '';
  let server: PreviewServer;
  let browser: Browser;

  beforeAll(async () => {
    await import('../../tools/build-assets.ts');
    folder = await mkdtemp(join(tmpdir(), 'voxelgrad-page-'));
    await build({ root, logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
    server = await preview({ root, build: { outDir: folder }, preview: { port: 0 } });
    browser = await launcher.launch({ executablePath: chromium!, args: CHROMIUM_FLAGS });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.close();
    await rm(folder, { recursive: true, force: true });
  });

  // Without a GPU, WebGPU is Chromium's SwiftShader, which is slow.
  it.each([
    { device: 'cpu', steps: 10 },
    { device: 'webgpu', steps: 2 },
  ])('trains on $device, and asks no other server for anything', async ({ device, steps }) => {
    const page = await browser.newPage();
    const address = server.resolvedUrls!.local[0]!;
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith('data:')) elsewhere.push(request.url());
    });
    await page.goto(address);
    await page.selectOption('#device', device);
    await page.fill('#steps', String(steps));
    await page.click('#train');
    await page.waitForFunction('!document.getElementById("train").disabled', undefined, { timeout: 100_000 });
    const log = await page.textContent('#log');
    const losses = [...log!.matchAll(/^step \d+: loss (.*)$/gm)].map(([, loss]) => Number(loss));
    expect(losses, log!).toHaveLength(steps);
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
    expect(await page.textContent('#status')).toMatch(new RegExp(`^Done after ${steps} steps in [\\d.]+ s\\.$`));
    expect(await page.textContent('#dice')).toMatch(/: (0\.\d\d|1\.00) of 1 \(Dice\)/);
    if (device === 'cpu') expect(log).toMatch(/threads?$/m);
    expect(elsewhere).toEqual([]);
    await page.close();
  });

  it('stops when it is asked to, and goes on; fits a phone; starts nothing without a number of steps', async () => {
    const page = await browser.newPage({ viewport: { width: 360, height: 740 } });
    await page.goto(server.resolvedUrls!.local[0]!);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.selectOption('#device', 'cpu');
    await page.fill('#steps', '1000');
    await page.click('#train');
    await page.waitForFunction('document.getElementById("log").textContent.includes("step 2:")');
    await page.click('#stop');
    await page.waitForFunction('document.getElementById("status").textContent.startsWith("Stopped after ")');
    await page.fill('#steps', '1');
    await page.click('#train');
    await page.waitForFunction('document.getElementById("status").textContent.startsWith("Done after 1 step")');
    // No number of steps: the field says so, and nothing starts.
    await page.fill('#steps', '');
    await page.click('#train');
    expect(await page.textContent('#status')).toMatch(/^Done after 1 step/);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    await page.close();
  });
});
