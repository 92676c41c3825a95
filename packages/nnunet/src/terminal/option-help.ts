/** The text of `--help`. */
import { type CommandSpec, flagOf, type OptionSpec } from './option-spec.ts';

const lineWidth = 100;
const helpColumn = 30;

/** Ends with a line break. */
export function helpText(command: CommandSpec): string {
  const { name, summary, positionals = [], options, examples = [] } = command;
  const usage = positionals.map(({ name: argument, optional, many }) => {
    const text = `<${argument}>${many ? '...' : ''}`;
    return optional ? `[${text}]` : text;
  });
  const sections = [
    [summary],
    [`usage: ${[name, ...usage, '[options]'].join(' ')}`],
    positionals.length === 0 ? [] : ['arguments:', ...positionals.flatMap((one) => entry(one.name, one.help))],
    [
      'options:',
      ...Object.entries(options).flatMap(([option, spec]) => entry(optionUsage(option, spec), optionHelp(spec))),
      ...entry('-h, --help', 'Show this text.'),
    ],
    examples.length === 0 ? [] : ['examples:', ...examples.map((example) => `  ${example}`)],
  ];
  const text = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${text.join('\n\n')}\n`;
}

function optionUsage(name: string, spec: OptionSpec): string {
  const flag = flagOf(name);
  const short = spec.short === undefined ? '' : `-${spec.short}, `;
  if (spec.type === 'boolean') return short + (spec.default === true ? flag.replace('--', '--[no-]') : flag);
  const value = spec.placeholder ?? (spec.type === 'choice' ? spec.choices.join('|') : placeholders[spec.type]);
  return `${short}${flag} ${'bare' in spec ? `[<${value}>]` : `<${value}>`}`;
}

const placeholders = { string: 'text', number: 'number', integer: 'number', list: 'text,text' } as const;

function optionHelp(spec: OptionSpec): string {
  const { aliases = [], noEffect } = spec;
  const negations = spec.type === 'boolean' ? (spec.negations ?? []) : [];
  const also = aliases.length === 0 ? '' : ` Also ${aliases.join(', ')}.`;
  const idle = noEffect === undefined ? '' : ` Has no effect: ${noEffect}.`;
  return helpAndDefault(spec) + idle + also + (negations.length === 0 ? '' : ` Off also by ${negations.join(', ')}.`);
}

function helpAndDefault(spec: OptionSpec): string {
  if (spec.type === 'boolean') return spec.default === true ? `${spec.help} (default: on)` : spec.help;
  if (spec.required) return `${spec.help} (required)`;
  if (spec.default === undefined) return spec.help;
  return `${spec.help} (default: ${Array.isArray(spec.default) ? spec.default.join(',') : spec.default})`;
}

/** A name and its description beside it, or below where the name is long. */
function entry(name: string, help: string): string[] {
  const lines = wrap(help, lineWidth - helpColumn).map((line) => ' '.repeat(helpColumn) + line);
  const head = `  ${name}`;
  if (head.length > helpColumn - 2 || lines.length === 0) return [head, ...lines];
  return [head + lines[0]!.slice(head.length), ...lines.slice(1)];
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
