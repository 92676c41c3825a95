export { closestTo } from './closest.ts';
export { compileBar } from './compile-bar.ts';
export { type Interruption, onInterrupt } from './interrupt.ts';
export { helpText } from './option-help.ts';
export type { CommandSpec, OptionSpec, OptionSpecs, OptionValues, PositionalSpec } from './option-spec.ts';
export { type CommandLine, HelpRequest, parseOptions } from './options.ts';
export { formatDuration, Progress, type ProgressOptions, type TerminalStream } from './progress.ts';
export { ProgressSteps } from './progress-steps.ts';
export { describeFailure, runCommand } from './run-command.ts';
