/**
 * test-summary NAME=REPORT.json…, reports of Vitest or of `pnpm parity`: a line for each suite, why tests were skipped, and, last, the counts over all
 * suites. Exits 1 on a failure, or where a suite left no report: it did not come to its end.
 */
import { existsSync, readFileSync } from 'node:fs';

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

/** What `pnpm parity --json` writes. */
interface ParityReport {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly areas: unknown;
}

const total = { passed: 0, failed: 0, skipped: 0 };
for (const argument of process.argv.slice(2)) {
  const [name, file] = argument.split('=') as [string, string];
  if (!existsSync(file)) {
    console.log(`${name}: no report; the suite did not come to its end`);
    total.failed++;
    continue;
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report | ParityReport;
  const { passed, failed, skipped } = 'areas' in report ? report : countTests(name, report);
  console.log(`${name}: ${passed} passed, ${failed} failed, ${skipped} skipped`);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

function countTests(name: string, report: Report): typeof total {
  // A file that fails before its first test counts as one failure.
  const broken = report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  );
  for (const { name: path } of broken) console.log(`${name}: ${path} failed to load`);
  const failed =
    report.numFailedTests + broken.length + (report.success || report.numFailedTests + broken.length > 0 ? 0 : 1);
  return { passed: report.numPassedTests, failed, skipped: report.numPendingTests + report.numTodoTests };
}
