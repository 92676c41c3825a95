/** What the parser takes, what it refuses and what it says then. */
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { closestTo } from './closest.ts';
import { helpText } from './option-help.ts';
import type { CommandSpec } from './option-spec.ts';
import { HelpRequest, parseOptions } from './options.ts';

const command = {
  name: 'voxelgrad train',
  summary: 'Trains one fold.',
  positionals: [
    { name: 'dataset', help: 'Folder with the preprocessed cases.' },
    { name: 'cases', help: 'Only these cases.', optional: true, many: true },
  ],
  options: {
    maxEpochs: { type: 'integer', default: 1000, minimum: 1, maximum: 100000, help: 'Epochs to train.' },
    learningRate: { type: 'number', default: 0.01, help: 'At the start.' },
    device: { type: 'choice', choices: ['auto', 'cpu', 'webgpu'], default: 'auto', help: 'Where to compute.' },
    output: { type: 'string', short: 'o', help: 'Folder for the results.', placeholder: 'folder for all of it' },
    folds: { type: 'list', help: 'Which folds.' },
    mirror: { type: 'boolean', default: true, help: 'Mirror at inference.' },
    resume: { type: 'boolean', short: 'r', help: 'Go on where training stopped.' },
  },
  examples: ['voxelgrad train Dataset004 --max-epochs 50'],
} as const satisfies CommandSpec;

const parse = (...words: string[]): ReturnType<typeof parseOptions<(typeof command)['options']>> =>
  parseOptions(command, words);

describe('parseOptions', () => {
  it('takes options that have no effect, and says so', () => {
    const workers = {
      type: 'integer',
      aliases: ['-np'],
      help: 'Workers.',
      noEffect: 'one thread does it all',
    } as const;
    const spec = { name: 'voxelgrad x', summary: 'Does x.', options: { workers } } as const;
    const { options, notes } = parseOptions(spec, ['-np', '4']);
    expect([options.workers, notes]).toEqual([4, ['-np has no effect: one thread does it all']]);
    expect(parseOptions(spec, []).notes).toEqual([]);
    expect(() => parseOptions(spec, ['-np', 'many'])).toThrow(/whole number/);
    expect(helpText(spec).replace(/\s+/g, ' ')).toContain('Has no effect: one thread does it all. Also -np.');
  });

  it('fills in defaults and knows the types', () => {
    const { options, positionals } = parse('Dataset004');
    expect(options).toEqual({
      maxEpochs: 1000,
      learningRate: 0.01,
      device: 'auto',
      output: undefined,
      folds: undefined,
      mirror: true,
      resume: false,
    });
    expect(positionals).toEqual(['Dataset004']);
    expectTypeOf(options.maxEpochs).toEqualTypeOf<number>();
    expectTypeOf(options.device).toEqualTypeOf<'auto' | 'cpu' | 'webgpu'>();
    expectTypeOf(options.output).toEqualTypeOf<string | undefined>();
    expectTypeOf(options.folds).toEqualTypeOf<readonly string[] | undefined>();
    expectTypeOf(options.resume).toEqualTypeOf<boolean>();
  });

  it('takes every way of writing', () => {
    const { options, positionals } = parse(
      ...[
        '--max-epochs=5',
        '--learning-rate',
        '-1e-3',
        '-o',
        'out',
        '--folds',
        '0, 1',
        '--folds=4',
        '--no-mirror',
        '-r',
      ],
      ...['data', '--', '--not-an-option', '-x'],
    );
    expect(options).toEqual({
      maxEpochs: 5,
      learningRate: -0.001,
      device: 'auto',
      output: 'out',
      folds: ['0', '1', '4'],
      mirror: false,
      resume: true,
    });
    expect(positionals).toEqual(['data', '--not-an-option', '-x']);
    expect(parse('d', '--output=-a=b').options.output).toBe('-a=b');
    expect(parse('d', '--output=').options.output).toBe('');
  });

  it.each<[string[], RegExp]>([
    [['d', '--max-epoch', '5'], /unknown option '--max-epoch'\nhelp: Did you mean --max-epochs\?/],
    [['d', '--lerning-rat=5'], /Did you mean --learning-rate\?/],
    [['d', '--no-miror'], /Did you mean --no-mirror\?/],
    [['d', '--hepl'], /Did you mean --help\?/],
    [['d', '--constructor'], /unknown option '--constructor'\nhelp: voxelgrad train --help lists/],
    [['d', '-x'], /unknown option '-x'/],
    [['d', '--max-epochs'], /--max-epochs has no value/],
    [['d', '--output', '--resume'], /--output has no value\nhelp: Folder for the results\. A value .* --output=-value/],
    [['d', '--max-epochs', '1.5'], /expected a whole number from 1 to 100000, got '1\.5'/],
    [['d', '--max-epochs', '0'], /from 1 to 100000, got '0'/],
    [['d', '--learning-rate', '0x10'], /expected a number, got '0x10'/],
    [['d', '--learning-rate', ''], /expected a number, got ''/],
    [['d', '--device', 'wepgpu'], /one of auto, cpu, webgpu, got 'wepgpu'\nhelp: Did you mean webgpu\?/],
    [['d', '--device', 'tpux'], /help: Where to compute|Did you mean/],
    [['d', '--resume=yes'], /--resume takes no value, but 'yes' is given\nhelp: Write --resume or --no-resume/],
    [['d', '--resume', '--no-resume'], /--no-resume is given twice/],
    [['d', '-o', 'a', '--output', 'b'], /--output is given twice/],
    [[], /<dataset> is missing\nhelp: Folder with the preprocessed cases/],
  ])('refuses %j', (words, message) => {
    const attempt = (): unknown => parse(...words);
    expect(attempt).toThrow(message);
    try {
      attempt();
    } catch (error) {
      expect(isVoxelgradError(error, 'option')).toBe(true);
    }
  });

  it('asks for what is required, and refuses arguments that nobody takes', () => {
    const strict = {
      name: 'tool',
      summary: 'x',
      options: { input: { type: 'string', required: true, help: 'What to read.' } },
    } as const satisfies CommandSpec;
    expect(() => parseOptions(strict, [])).toThrow(/tool: --input is missing\nhelp: Add --input: What to read\./);
    expect(() => parseOptions(strict, ['--input', 'a', 'b'])).toThrow(/unexpected argument 'b'/);
    expectTypeOf(parseOptions(strict, ['--input', 'a']).options.input).toEqualTypeOf<string>();
  });

  it("takes nnU-Net's spellings: several words after an option, one dash and several letters, underscores", () => {
    const planning = {
      name: 'tool',
      summary: 'x',
      options: {
        datasets: { type: 'list', short: 'd', many: true, required: true, help: 'Which.' },
        processes: { type: 'integer', aliases: ['-npfp'], help: 'How many.' },
        verify: { type: 'boolean', aliases: ['--verify_dataset_integrity'], help: 'Check.' },
        progress: { type: 'boolean', default: true, negations: ['--no_pbar'], help: 'Show it.' },
      },
    } as const satisfies CommandSpec;
    const words = ['-d', '4', '5,6', '-npfp', '2', '--verify_dataset_integrity', '--no_pbar'];
    const { options } = parseOptions(planning, words);
    expect(options).toEqual({ datasets: ['4', '5', '6'], processes: 2, verify: true, progress: false });
    expect(() => parseOptions(planning, ['-d', '4', '-npfp', '2', '--processes', '3'])).toThrow(/given twice/);
    expect(() => parseOptions(planning, ['--help'])).toThrow(
      expect.objectContaining({ text: expect.stringContaining('How many. Also -npfp.') }),
    );
    expect(() => parseOptions(planning, ['--help'])).toThrow(
      expect.objectContaining({ text: expect.stringContaining('Show it. (default: on) Off also by --no_pbar.') }),
    );
  });

  it('takes an option with or without its number, and leaves words that are no such number alone', () => {
    const serving = {
      name: 'tool',
      summary: 'x',
      positionals: [{ name: 'dataset', help: 'Which.' }],
      options: { port: { type: 'integer', minimum: 1024, maximum: 65535, bare: 0, help: 'Where.' } },
    } as const satisfies CommandSpec;
    const read = (...words: string[]): unknown => parseOptions(serving, words).options.port;
    expect(read('d')).toBeUndefined();
    expect(read('d', '--port')).toBe(0);
    expect(read('--port', '4')).toBe(0);
    expect(read('--port', '--', 'd')).toBe(0);
    expect(read('d', '--port', '8080')).toBe(8080);
    expect(read('--port=8080', 'd')).toBe(8080);
    expect(() => read('d', '--port=80')).toThrow(/expected a whole number from 1024 to 65535, got '80'/);
    expect(() => read('d', '--port', '--port')).toThrow(/given twice/);
    expect(() => parseOptions(serving, ['--help'])).toThrow(
      expect.objectContaining({ text: expect.stringContaining('  --port [<number>]') }),
    );
  });

  it('gives the whole help, even where the rest is wrong', () => {
    for (const words of [['--help'], ['-h'], ['d', '--max-epochs', '5', '--help']])
      expect(() => parse(...words)).toThrow(HelpRequest);
    try {
      parse('--help');
    } catch (request) {
      expect((request as HelpRequest).text).toBe(
        [
          'Trains one fold.',
          '',
          'usage: voxelgrad train <dataset> [<cases>...] [options]',
          '',
          'arguments:',
          '  dataset                     Folder with the preprocessed cases.',
          '  cases                       Only these cases.',
          '',
          'options:',
          '  --max-epochs <number>       Epochs to train. (default: 1000)',
          '  --learning-rate <number>    At the start. (default: 0.01)',
          '  --device <auto|cpu|webgpu>  Where to compute. (default: auto)',
          '  -o, --output <folder for all of it>',
          '                              Folder for the results.',
          '  --folds <text,text>         Which folds.',
          '  --[no-]mirror               Mirror at inference. (default: on)',
          '  -r, --resume                Go on where training stopped.',
          '  -h, --help                  Show this text.',
          '',
          'examples:',
          '  voxelgrad train Dataset004 --max-epochs 50',
          '',
        ].join('\n'),
      );
    }
  });
});

describe('closestTo', () => {
  it.each([
    ['--epcohs', '--epochs'],
    ['--Epochs', '--epochs'],
    ['predcit', 'predict'],
    ['--xyz', undefined],
    ['', undefined],
  ])('%s is %s', (word, expected) => {
    expect(closestTo(word, ['--epochs', '--device', 'predict', 'plan'])).toBe(expected);
  });
});
