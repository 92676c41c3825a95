/** The page as it would be published: built by Vite, served, and used in Chromium. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium as launcher } from 'playwright';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_FLAGS, chromium } from '../../tools/chromium.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
if (chromium === undefined) console.warn('the test of the page is skipped: there is no Chromium');

describe.skipIf(chromium === undefined)('the page', () => {
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

  it.each(['cpu', 'webgpu'])('trains on %s, and asks no other server for anything', async (device) => {
    const page = await browser.newPage();
    const address = server.resolvedUrls!.local[0]!;
    const elsewhere: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(address) && !request.url().startsWith('data:')) elsewhere.push(request.url());
    });
    await page.goto(address);
    await page.selectOption('#device', device);
    await page.fill('#steps', '3');
    await page.click('#train');
    await page.waitForFunction('!document.getElementById("train").disabled', undefined, { timeout: 100_000 });
    const log = await page.textContent('#log');
    const losses = [...log!.matchAll(/^step \d: loss (.*)$/gm)].map(([, loss]) => Number(loss));
    expect(losses, log!).toHaveLength(3);
    expect(losses[2]!).toBeLessThan(losses[0]!);
    if (device === 'cpu') expect(log).toMatch(/threads?$/m);
    expect(elsewhere).toEqual([]);
    await page.close();
  });
});
