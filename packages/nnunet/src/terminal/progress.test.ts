/** What is written, to the letter, with a clock of the test's own. */
import { describe, expect, it } from 'vitest';
import { formatDuration, Progress, type TerminalStream } from './progress.ts';

/** Keeps what is written; `screen` is what a terminal would show. */
function recorder(isTTY: boolean, columns = 100): TerminalStream & { written: string; screen(): string[] } {
  return {
    isTTY,
    columns,
    written: '',
    write(text: string) {
      this.written += text;
    },
    screen() {
      return this.written.split('\n').map((line) => line.split('\r\x1b[K').at(-1)!);
    },
  };
}

describe('Progress', () => {
  it('shows bar, rate, time left and note on a terminal', () => {
    const stream = recorder(true);
    let time = 0;
    const progress = new Progress({ total: 200, label: 'epoch 3/50', stream, now: () => time });
    expect(stream.screen()).toEqual([`epoch 3/50  ${'░'.repeat(28)}  0/200`]);
    time = 4000;
    progress.advance(50, 'loss −0.412');
    expect(stream.screen()).toEqual([
      `epoch 3/50  ${'█'.repeat(7)}${'░'.repeat(21)}  50/200  13 steps/s  0:12 left  loss −0.412`,
    ]);
    time = 8000;
    progress.advance(150, 'loss −0.5');
    progress.finish('Dice 0.871');
    expect(stream.screen()).toEqual([`epoch 3/50  ${'█'.repeat(28)}  200/200  25 steps/s  Dice 0.871`, '']);
  });

  it('counts what was done before, but not in its rate', () => {
    const stream = recorder(true);
    let time = 0;
    const progress = new Progress({ total: 200, done: 100, label: 'x', stream, now: () => time });
    expect(stream.screen()).toEqual([`x  ${'█'.repeat(14)}${'░'.repeat(14)}  100/200`]);
    time = 10_000;
    progress.advance(50);
    expect(stream.screen()).toEqual([`x  ${'█'.repeat(21)}${'░'.repeat(7)}  150/200  5 steps/s  0:10 left`]);
  });

  it('follows the rate of the last seconds, also when steps are slow', () => {
    const stream = recorder(true);
    let time = 0;
    const progress = new Progress({ total: 100, label: 'x', unit: 'case', stream, now: () => time });
    for (let i = 0; i < 30; i++) {
      time += 1000;
      progress.advance();
    }
    expect(stream.screen()[0]).toContain('30/100  1 cases/s  1:10 left');
    for (let i = 0; i < 3; i++) {
      time += 50_000;
      progress.advance();
    }
    expect(stream.screen()[0]).toContain('33/100  50 s/case  55:50 left');
  });

  it('tells of parts of a step without taking them for its time', () => {
    const stream = recorder(true);
    let time = 0;
    const progress = new Progress({ total: 3, label: 'x', unit: 'case', stream, now: () => time });
    for (let window = 1; window <= 6; window++) {
      time = 10_000 * window;
      progress.advance(0, `window ${window}`);
    }
    time = 61_000;
    progress.advance(1, 'done');
    expect(stream.screen()[0]).toContain('1/3  61 s/case  2:02 left  done');
  });

  it('does not redraw more often than an eye can see, nor wider than the terminal', () => {
    const stream = recorder(true, 30);
    let time = 0;
    const progress = new Progress({ total: 1000, label: 'a label of some length', stream, now: () => time });
    for (let i = 0; i < 1000; i++) {
      time += 1;
      progress.advance(1, 'note');
    }
    expect(stream.written.split('\r').length).toBeLessThanOrEqual(12);
    for (const line of stream.written.split('\r\x1b[K')) expect(line.length).toBeLessThan(30);
  });

  it('writes a plain line now and then where nobody watches', () => {
    const stream = recorder(false);
    let time = 0;
    const progress = new Progress({ total: 300, label: 'epoch 1/2', stream, plainInterval: 60, now: () => time });
    for (let i = 0; i < 300; i++) {
      time += 500;
      progress.advance(1, `loss ${i}`);
    }
    progress.finish();
    progress.finish();
    progress.advance();
    expect(stream.written.split('\n')).toEqual([
      'epoch 1/2  120/300  2 steps/s  1:30 left  loss 119',
      'epoch 1/2  240/300  2 steps/s  0:30 left  loss 239',
      'epoch 1/2  300/300  2 steps/s  loss 299',
      '',
    ]);
  });

  it('says the last line once', () => {
    const stream = recorder(false);
    let time = 0;
    const progress = new Progress({ total: 1, label: 'x', stream, plainInterval: 1, now: () => time });
    time = 2000;
    progress.advance();
    progress.finish();
    expect(stream.written).toBe('x  1/1  2 s/step\n');
  });

  it('keeps lines of the log above the bar', () => {
    const stream = recorder(true);
    const progress = new Progress({ total: 2, label: 'x', stream, now: () => 0 });
    progress.log('saved a checkpoint');
    expect(stream.screen()).toEqual(['saved a checkpoint', `x  ${'░'.repeat(28)}  0/2`]);
  });

  it('has nothing to do for a total of nothing', () => {
    const stream = recorder(false);
    new Progress({ total: 0, label: 'x', stream, now: () => 0 }).finish();
    expect(stream.written).toBe('x  0/0\n');
  });
});

describe('formatDuration', () => {
  it.each([
    [0.4, '0:00'],
    [42, '0:42'],
    [59.7, '1:00'],
    [3599.6, '1:00:00'],
    [3723, '1:02:03'],
    [97_200, '1 d 3 h'],
  ])('%d s is %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});
