/** The page of the dashboard as its users have it: in Chromium, where there is one. */
import { type Browser, chromium as launcher, type Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { DashboardHttpServer } from '../packages/nnunet/src/report/node/dashboard/http-server.ts';
import { pageFile } from '../packages/nnunet/src/report/node/dashboard/page-files.ts';
import {
  ball,
  iterationsPerEpoch,
  openRecorded,
  openTraining,
  type RecordedTraining,
  recordOf,
  run,
} from '../packages/nnunet/src/report/node/dashboard/recorded-run.testing.ts';
import { eventsUntil, type SentEvent } from '../packages/nnunet/src/report/node/dashboard/requests.testing.ts';
import { addEpoch } from '../packages/nnunet/src/train/history.ts';
import { lacking } from '../packages/tensor/src/testing-skips.ts';
import { CHROMIUM_FLAGS, chromium } from './chromium.ts';

let training: RecordedTraining;
beforeAll(async () => {
  training = await openTraining();
});
afterAll(() => training.device.close());

describe('the page of the dashboard', lacking(chromium === undefined ? 'there is no Chromium' : undefined), () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launcher.launch({ executablePath: chromium!, args: CHROMIUM_FLAGS });
  });
  afterAll(() => browser?.close());

  async function openPage(
    address: string,
    width = 1000,
  ): Promise<{ page: Page; complaints: string[]; elsewhere: string[] }> {
    const page = await browser.newPage({ viewport: { width, height: 800 } });
    onTestFinished(() => page.close());
    const [complaints, elsewhere]: [string[], string[]] = [[], []];
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => !request.url().startsWith(address) && elsewhere.push(request.url()));
    await page.goto(address);
    await page.waitForSelector('body[data-state="running"]');
    return { page, complaints, elsewhere };
  }

  const legend = (page: Page, title: string): Promise<string[]> =>
    page
      .locator('section', { has: page.getByRole('heading', { name: title, exact: true }) })
      .locator('.legend button')
      .allTextContents();

  it.each([360, 1000, 1600])('shows the curves of a recorded history, %d pixels wide', async (width) => {
    const { dashboard, history } = await openRecorded(training, 12);
    const { page, complaints, elsewhere } = await openPage(dashboard.address, width);
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(run.title);
    const latest = history.epochs.at(-1)!;
    const shown = (value: number): string => value.toFixed(3).replace('-', '−');
    const squeezed = (texts: string[]): string[] => texts.map((text) => text.replace(/\s+/g, ' ').trim());
    expect(squeezed(await legend(page, 'Loss'))).toEqual([
      `training ${shown(latest.trainingLoss)}`,
      `validation ${shown(latest.validationLoss!)}`,
      `training, as it goes ${shown(history.losses.at(-1)!)}`,
    ]);
    expect(squeezed(await legend(page, 'Pseudo Dice'))).toEqual([
      `moving average ${shown(history.movingDice!)}`,
      `mean of the classes ${shown((latest.pseudoDice[0]! + latest.pseudoDice[1]!) / 2)}`,
      `shell ${shown(latest.pseudoDice[0]!)}`,
      `core ${shown(latest.pseudoDice[1]!)}`,
    ]);
    expect(await page.locator('.plot path.curve').count()).toBe(3 + 4 + 1 + 1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await page.locator('#settings').textContent()).toMatch(/2 patches an iteration/);
    expect(await page.locator('#memory').textContent()).toMatch(/cpu \(/);
    expect([complaints, elsewhere]).toEqual([[], []]);
  });

  it('is read by mouse, by keyboard and by ear', async () => {
    const { dashboard, history } = await openRecorded(training, 12);
    const { page } = await openPage(dashboard.address);
    const chart = page.getByRole('img', { name: /^Loss \(cross-entropy − Dice\) over epochs; epoch 12: .*validation/ });
    await chart.focus();
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    // All charts show the epoch.
    expect(await page.locator('.plot line.cursor').count()).toBe(4);
    const shown = history.epochs[1]!.trainingLoss.toFixed(3);
    expect((await legend(page, 'Loss'))[0]).toContain(shown);
    await page.keyboard.press('Escape');
    expect(await page.locator('.plot line.cursor').count()).toBe(0);
    const box = (await chart.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 60);
    expect(await page.locator('.plot line.cursor').count()).toBe(4);
    // A curve is hidden and shown by its name.
    const toggle = page.getByRole('button', { name: /^validation/ });
    await toggle.click();
    expect(await toggle.getAttribute('aria-pressed')).toBe('false');
    expect(await chart.locator('path.curve').count()).toBe(2);
    // Every control has a name.
    const controls = await page.locator('button, input, select, summary, [tabindex="0"], [role="img"], progress').all();
    for (const control of controls) {
      if (!(await control.isVisible())) continue;
      expect(await control.ariaSnapshot()).toMatch(/"|:/);
    }
  });

  it('shows a patch with outlines, its slices and images, and holds it', async () => {
    const { dashboard } = await openRecorded(training, 3);
    const { page, complaints } = await openPage(dashboard.address);
    const batch = ball(training.device);
    dashboard.showBatch(batch);
    await page.getByRole('img', { name: /^First axis, slice \d of 8: outlines of/ }).waitFor();
    await page.getByRole('slider', { name: 'First axis: slice' }).fill('4');
    await page.getByRole('img', { name: /^First axis, slice 5 of 8: outlines of .*core \(truth\)/ }).waitFor();
    expect(await page.locator('#slices canvas').count()).toBe(3);
    await page.getByRole('slider', { name: 'First axis: slice' }).fill('0');
    await page.getByRole('img', { name: /^First axis, slice 1 of 8/ }).waitFor();
    expect(await page.getByRole('img', { name: /^First axis, slice 1 of 8.*core \(truth\)/ }).count()).toBe(0);
    expect(await page.locator('#patch-classes').textContent()).toMatch(
      /shell[\s\S]*core[\s\S]*not annotated[\s\S]*not here/,
    );
    const picture = () => page.evaluate<string>('document.querySelector("#slices canvas").toDataURL()');
    const before = await picture();
    await page.getByRole('combobox', { name: 'Image' }).selectOption('T2');
    await expect.poll(picture).not.toBe(before);
    const status = () => page.locator('#patch-status').textContent();
    const held = await status();
    await page.getByRole('checkbox', { name: 'Hold this patch' }).check();
    dashboard.epochDone(recordOf(3));
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    dashboard.showBatch(batch);
    await page.waitForTimeout(300);
    expect([await status(), asked]).toEqual([held, []]);
    await page.getByRole('checkbox', { name: 'Hold this patch' }).uncheck();
    await expect.poll(() => asked.length).toBe(1);
    expect(complaints).toEqual([]);
  });

  it('goes on in several pages and after a reload, and stays when the training is over', async () => {
    const { dashboard, history } = await openRecorded(training, 2);
    const first = await openPage(dashboard.address);
    const second = await openPage(dashboard.address);
    await first.page.reload();
    await first.page.waitForSelector('body[data-state="running"]');
    for (let i = 0; i < iterationsPerEpoch; i++) {
      history.losses.push(0.1);
      dashboard.iterationDone();
    }
    addEpoch(history, recordOf(2));
    dashboard.epochDone(history.epochs.at(-1)!);
    for (const { page } of [first, second])
      await expect.poll(() => page.locator('#tiles').textContent()).toContain('3 of 30');
    await dashboard.close({ how: 'finished', dice: [{ name: 'shell', dice: 0.875 }] });
    for (const { page, complaints } of [first, second]) {
      await page.waitForSelector('body[data-state="ended"]');
      expect(await page.getByRole('status').textContent()).toMatch(/^Finished after 3 of 30 epochs/);
      expect(await page.locator('#result').textContent()).toMatch(/shell\s*0\.875/);
      expect(await page.locator('#lost').isVisible()).toBe(false);
      expect(complaints).toEqual([]);
    }
  });

  it('says so when the training is gone without a word', async () => {
    const { dashboard } = await openRecorded(training, 2);
    const [{ data }] = (await eventsUntil(dashboard.address, 'run')) as [SentEvent];
    const mute = await DashboardHttpServer.open({
      content: pageFile,
      onListener: (listener) => listener.send('run', data),
    });
    const { page } = await openPage(mute.address);
    expect(await page.getByRole('alert').isVisible()).toBe(false);
    await mute.close();
    await page.getByRole('alert').waitFor();
    expect(await page.getByRole('alert').textContent()).toMatch(/No connection to the training/);
  });
});
