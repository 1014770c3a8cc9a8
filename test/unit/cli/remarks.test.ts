import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { remarkFormat } from '../../../src/cli/remarks.js';

describe('remarkFormat', () => {
  it.each([
    ['check', false, 'text'],
    ['check --log-format json', true, 'json'],
    ['check --log-format=json', true, 'json'],
    ['--log-format', false, 'text'],
    ['check --log-format json --log-format pretty', false, 'text'],
    ['run', true, 'text'],
    ['run', false, 'json'],
    ['run --log-format pretty', false, 'text'],
    ['run --log-format json --wrong', true, 'json'],
    ['run --log-format xml', false, 'text'],
    ['', false, 'text'],
  ])('of "%s" where standard error is a terminal: %s, is %s', (line, isTerminal, format) => {
    expect(remarkFormat(line.split(' '), isTerminal)).toBe(format);
  });
});

describe('standard error', { timeout: 60_000 }, () => {
  /** Runs a few lines as a process of its own, with remarks as JSON. */
  function run(...lines: string[]): Record<string, unknown>[] {
    const remarks = new URL('../../../src/cli/remarks.ts', import.meta.url);
    const script = [
      `import { chooseRemarkFormat, logWarnings, printRemark, reportWarnings } from ${JSON.stringify(String(remarks))};`,
      "chooseRemarkFormat(['--log-format', 'json'], false);",
      'reportWarnings();',
      ...lines,
    ].join('\n');
    const args = ['--import', 'tsx', '--input-type=module', '--eval', script];
    const cwd = fileURLToPath(new URL('../../..', import.meta.url));
    const { stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
    const texts = stderr.split('\n').filter((line) => line !== '');
    return texts.map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  it('has remarks as log lines', () => {
    expect(run("printRemark('stopping');", "printRemark('two\\nlines\\n', 'error');")).toEqual([
      { level: 30, time: expect.any(String), msg: 'stopping' },
      { level: 50, time: expect.any(String), msg: 'two\nlines' },
    ]);
  });

  it('has each warning of Node and of libraries once, as a log line', () => {
    const lines = run(
      "process.emitWarning('first');",
      "process.emitWarning('first');",
      "process.emitWarning('at 1', { type: 'ScheduleWarning', code: 'MISSED_TIME' });",
      "process.emitWarning('at 2', { type: 'ScheduleWarning', code: 'MISSED_TIME' });",
      "process.emitWarning('old', 'DeprecationWarning', 'DEP1');",
    );
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      [40, 'Warning: first'],
      [40, 'ScheduleWarning: at 1'],
      [40, 'DeprecationWarning: old'],
    ]);
  });
});
