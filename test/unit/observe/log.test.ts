/** What log lines say of failures. */

import { describe, expect, it } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import { createLogger, logEvents } from '../../../src/observe/log.js';
import { runCycle } from '../../../src/sync/cycle.js';
import { TableModel } from '../sync/table-model.js';
import { AT, RESYNC } from './happenings.js';

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

it('a resync is logged when it begins, from time to time, when it waits and when it ends', () => {
  const lines: string[] = [];
  const events = new Events();
  logEvents(
    events,
    createLogger('json', 'info', { write: (line: string) => void lines.push(line) }, false),
    'all',
  );
  const error = { code: 'api-error', message: 'GET /contacts: 500', at: '' };
  for (const what of ['started', 'progress', 'progress', 'waiting', 'finished', 'cancelled'] as const)
    events.emit('resync:changed', { ...AT, what, resync: { ...RESYNC, error } });
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { level: 30, ...AT, msg: 'resync started', phase: 'republishing', republished: 3 },
    { level: 40, ...AT, msg: 'resync waits after a failure: GET /contacts: 500' },
    { level: 30, ...AT, msg: 'resync finished' },
    { level: 30, ...AT, msg: 'resync cancelled' },
  ]);
});
