/** What log lines say of failures. */

import { describe, expect, it } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { createLogger, logEvents } from '../../../src/observe/log.js';
import { runCycle } from '../../../src/sync/cycle.js';
import { TableModel } from '../sync/table-model.js';

/** The log lines, as objects, of a cycle of one table that fails with `error`. */
async function linesOf(error: Error): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const model = new TableModel();
  model.readings = [[error]];
  const out = { write: (line: string) => void lines.push(line) };
  logEvents(model.events, createLogger('json', 'info', out, false), 'all');
  const ends = { abandon: () => undefined, awaitReconcile: true, onDone: () => undefined };
  await runCycle('acme', [model], model.events, ends);
  return lines.map((line) => JSON.parse(line));
}

describe('a table that fails', () => {
  it('with a defect is logged with its stack', async () => {
    const defect = new TypeError('x is not a function');
    const [line] = await linesOf(defect);
    expect(line).toMatchObject({
      level: 50,
      connection: 'acme',
      table: 'contacts',
      code: 'internal',
      msg: 'unexpected error: x is not a function',
      err: { type: 'TypeError', stack: defect.stack },
    });
    expect(defect.stack).toContain('log.test.ts');
  });

  it('for any other reason is logged without one', async () => {
    const cause = new Error('a socket was closed');
    const [line] = await linesOf(new PublisherError('api-unreachable', 'no answer', { cause }));
    expect(line).toMatchObject({ code: 'api-unreachable', msg: 'no answer' });
    expect(line).not.toHaveProperty('err');
  });
});
