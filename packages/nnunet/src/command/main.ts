#!/usr/bin/env node
/** The command `voxelgrad`. */
import { runCommand } from '../terminal/run-command.ts';
import { runVoxelgrad } from './dispatch.ts';

await runCommand((signal) =>
  runVoxelgrad(process.argv.slice(2), {
    signal,
    environment: process.env,
    print: (line) => console.log(line),
    status: process.stderr,
  }),
);
