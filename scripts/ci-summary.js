// Adds up runs of vitest and lists unexpected skips. The last line is "N passed, N failed, N skipped"; the exit status
// is 1 if a test failed or a skip was not expected.
//
// node scripts/ci-summary.js EXPECTED FOLDER
//   EXPECTED  {mode: {pattern: reason}}: tests that may be skipped in a mode, as "file > suite > test" with * as wildcard
//   FOLDER    vitest's JSON report of each mode, <mode>.json
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

const [expectedPath, folder] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(expectedPath, 'utf8'));

function matches(name, pattern) {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}

const total = { passed: 0, failed: 0, skipped: 0 };
const problems = [];
const reports = readdirSync(folder).filter((name) => name.endsWith('.json'));
for (const mode of new Set([...Object.keys(expected), ...reports.map((name) => basename(name, '.json'))])) {
  const report = join(folder, `${mode}.json`);
  if (!existsSync(report)) {
    problems.push(`${mode}: no results`);
    continue;
  }
  const allowed = Object.keys(expected[mode] ?? {});
  for (const file of JSON.parse(readFileSync(report, 'utf8')).testResults) {
    const path = relative(process.cwd(), file.name);
    for (const test of file.assertionResults) {
      const name = [path, ...test.ancestorTitles, test.title].join(' > ');
      if (test.status === 'passed') total.passed++;
      else if (test.status === 'failed') {
        total.failed++;
        problems.push(`${mode}: failed: ${name}`);
      } else {
        // Skipped, pending or todo.
        total.skipped++;
        if (!allowed.some((pattern) => matches(name, pattern))) problems.push(`${mode}: skipped: ${name}`);
      }
    }
    // A file that fails to load has no test results.
    if (file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed')) {
      total.failed++;
      problems.push(`${mode}: failed: ${path}: ${(file.message ?? '').split('\n')[0]}`);
    }
  }
}

if (problems.length > 0) console.log(`\n${problems.join('\n')}`);
process.exitCode = problems.length > 0 ? 1 : 0;
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
