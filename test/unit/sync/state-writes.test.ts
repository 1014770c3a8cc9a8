/** A state without records is written when the next owner needs it, and otherwise once a minute. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { emptyState, type TableState } from '../../../src/model/state.js';
import { IDLE_STATE_MS, isStateDue, restoredState } from '../../../src/sync/state-writes.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { page, row, TableModel } from './table-model.js';

const NOW = Date.parse('2026-11-26T10:00:00Z');

const cycle = { number: 7, startedAt: '2026-11-26T09:59:59.000Z', records: 0, deletes: 0, notShown: 0 };
const finished = { ...cycle, finishedAt: '2026-11-26T10:00:00.000Z' };
const running = { ...cycle, finishedAt: null };
const STATE: TableState = { ...emptyState(), bookmark: 5, cycle: finished };
const error = { code: 'api-error', message: 'request 1 failed', at: '2026-11-26T09:59:00.000Z' };

describe('isStateDue', () => {
  const due = (written: TableState | null, next: TableState, afterMs = 1) =>
    isStateDue({ state: written, at: NOW }, next, NOW + afterMs);

  it.each<[string, Partial<TableState>]>([
    ['the bookmark', { bookmark: 6 }],
    ['the windows ahead of it', { windows: [{ from: 7, to: 8 }] }],
    ['what a restart reads back', { restoreFrom: 3 }],
    ['the mark in the list of deletions', { deletions: { at: 4, ids: ['1'] } }],
    ['the mark of reconcile', { reconcile: { dueAt: '2026-11-27T03:00:00.000Z', walk: null } }],
    ['the progress of reconcile', { reconcile: { dueAt: '2026-11-27T03:00:00.000Z', walk: { reached: 4 } } }],
    ['the last notification', { hintedAt: NOW }],
    ['a reset', { resetAt: NOW }],
    ['records', { records: 1 }],
    ['deletes', { deletes: 1 }],
    ['dead letters', { deadLetters: 1 }],
    ['a new error', { error }],
  ])('writes %s at once', (_, change) => {
    expect(due(STATE, { ...STATE, ...change })).toBe(true);
  });

  it('writes the first state, the end of an error, and another error at once', () => {
    expect(due(null, STATE)).toBe(true);
    expect(due({ ...STATE, error }, STATE)).toBe(true);
    expect(due({ ...STATE, error }, { ...STATE, error: { ...error, code: 'scroll-busy' } })).toBe(true);
  });

  it('writes the end of a cycle at once where Kafka holds it as running', () => {
    expect(due({ ...STATE, cycle: running }, STATE)).toBe(true);
  });

  it.each<[string, TableState, TableState]>([
    [
      'another cycle that found nothing',
      STATE,
      { ...STATE, cycle: { ...finished, number: 8 }, updatedAt: 'later' },
    ],
    [
      'the same error again, whatever request it names',
      { ...STATE, cycle: running, error },
      {
        ...STATE,
        cycle: { ...running, number: 8 },
        error: { ...error, message: 'request 2 failed', at: 'later' },
      },
    ],
    [
      'lists that are equal',
      { ...STATE, deletions: { at: 4, ids: ['1'] }, windows: [{ from: 7, to: 8 }] },
      { ...STATE, deletions: { at: 4, ids: ['1'] }, windows: [{ from: 7, to: 8 }] },
    ],
  ])('leaves %s for a minute', (_, written, next) => {
    expect(due(written, next)).toBe(false);
    expect(due(written, next, IDLE_STATE_MS - 1)).toBe(false);
    expect(due(written, next, IDLE_STATE_MS)).toBe(true);
  });

  it('writes where the clock was set back behind the last state', () => {
    expect(due(STATE, STATE, -1)).toBe(true);
  });

  it('counts from the restored state, and writes the first one of a table without any', () => {
    const updatedAt = new Date(NOW).toISOString();
    expect(isStateDue(restoredState({ ...STATE, updatedAt }), STATE, NOW + 1)).toBe(false);
    expect(isStateDue(restoredState(undefined), STATE, NOW)).toBe(true);
  });
});

describe('a table', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW, toFake: ['Date'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const ROWS = [row('a', 300)];
  const run = async (
    model: TableModel,
    reading: readonly (ReturnType<typeof page> | Error)[] = [page(ROWS)],
  ) => {
    model.readings = [reading];
    const next = new TableCycle(model, model.events);
    await next.run(false).catch((thrown: PublisherError) => next.fail(thrown));
  };

  it('that is polled each second writes a state a minute, and all that its cycles did', async () => {
    const model = new TableModel();
    await run(model);
    const first = model.commits.length;
    for (let second = 1; second <= 150; second += 1) {
      vi.setSystemTime(NOW + second * 1000);
      await run(model);
    }
    expect(model.commits.length - first).toBe(2);
    expect(model.commits.at(-1)?.state.cycle?.number).toBe(121);
    expect(model.of('table:finished')).toHaveLength(151);
    await model.ledger.recordLast();
    expect(model.commits.at(-1)?.state).toEqual(model.ledger.state);
    expect(model.commits.at(-1)?.state.cycle?.number).toBe(151);
    await model.ledger.recordLast();
    expect(model.commits.length - first).toBe(3);
  });

  it('that fails each second in the same way writes that once a minute, and its recovery at once', async () => {
    const model = new TableModel();
    await run(model);
    const first = model.commits.length;
    for (let second = 1; second <= 90; second += 1) {
      vi.setSystemTime(NOW + second * 1000);
      await run(model, [new PublisherError('api-error', `request ${second} failed`)]);
    }
    expect(model.commits.slice(first).map(({ state }) => state.error?.message)).toEqual([
      'request 1 failed',
      'request 61 failed',
    ]);
    await run(model);
    expect(model.commits.at(-1)?.state).toMatchObject({ error: null, cycle: { number: 92 } });
  });

  it('publishes a change at once, whatever was written before', async () => {
    const model = new TableModel();
    await run(model);
    await run(model, [page([row('a', 301)])]);
    expect(model.commits.at(-1)).toMatchObject({ records: ['rows a there'], state: { bookmark: 301 } });
  });
});
