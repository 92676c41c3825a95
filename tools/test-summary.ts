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
    readonly assertionResults: readonly {
      readonly status: string;
      /** What packages/tensor/src/testing-skips.ts leaves there. */
      readonly meta?: { readonly skipped?: string };
    }[];
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
  if ('testResults' in report)
    for (const [reason, count] of reasonsOf(report)) console.log(`  ${count} skipped: ${reason}`);
  total.passed += passed;
  total.failed += failed;
  total.skipped += skipped;
}
console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed > 0 ? 1 : 0;

/** Why tests were skipped, and how many for each reason, the most frequent first. */
function reasonsOf(report: Report): [reason: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { assertionResults } of report.testResults)
    for (const { status, meta } of assertionResults) {
      if (status === 'passed' || status === 'failed') continue;
      const reason = meta?.skipped ?? 'the report has no reason';
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
  return [...counts].sort(([, a], [, b]) => b - a);
}

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
