/** The status of hundreds of connections, and a client that follows it by its changes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Events } from '../../../src/model/events.js';
import { withAnswer } from '../../../src/observe/browser/answers.js';
import { lastHour } from '../../../src/observe/browser/last-hour.js';
import { inOrder, isFound, summaryOf } from '../../../src/observe/browser/summary.js';
import { type ConfiguredConnection, type Status, StatusBoard } from '../../../src/observe/status.js';
import { commit, emitHour, madeUpConnections } from '../../support/made-up.js';
import { failure, NOW } from './happenings.js';

function boardOf(count: number) {
  const events = new Events();
  const clock = { now: NOW };
  const served: { connections: readonly ConfiguredConnection[] } = { connections: madeUpConnections(count) };
  const board = new StatusBoard(events, {
    version: '1',
    connections: () => served.connections,
    readiness: async () => ({ ready: true, reasons: [] }),
    nextTime: () => NOW + 3_600_000,
    now: () => clock.now,
  });
  const setClock = (now: number) => {
    clock.now = now;
  };
  emitHour(events, served.connections, { end: NOW, setClock });
  return { events, board, clock, served };
}

/** Milliseconds of processor time: others work on this machine, too. */
async function costOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

describe('500 connections', () => {
  const { events, board } = boardOf(500);

  it('are answered, read and put in order within a second', async () => {
    const cost = await costOf(async () => {
      const status = JSON.parse(JSON.stringify(await board.status())) as Status;
      const shown = inOrder(withAnswer(null, status).status.connections);
      expect(shown.filter((each) => isFound(each, 'failed'))).not.toEqual([]);
    });
    expect(cost).toBeLessThan(1_000);
  });

  it('are no more to answer than one when one changed', async () => {
    const alone = boardOf(1);
    const sizeOfChange = async (of: { events: Events; board: StatusBoard }) => {
      const { revision } = await of.board.status();
      commit(of.events, { connection: 'workspace_001', table: 'contacts' }, 5);
      return JSON.stringify(await of.board.status(revision)).length;
    };
    const [few, many] = [await sizeOfChange(alone), await sizeOfChange({ events, board })];
    // Revisions have more digits.
    expect(Math.abs(many - few)).toBeLessThan(20);
    expect(many).toBeLessThan(2_000);
  });
});

it('puts the connections that failed first, and keeps the others in their order', async () => {
  const { board } = boardOf(12);
  const connections = inOrder((await board.status()).connections);
  expect(connections.map((each) => `${each.name.slice(-2)} ${summaryOf(each).text}`)).toEqual([
    '02 failed',
    '03 2 tables failed',
    '11 failed',
    '04 3 tables paused',
    '01 ok',
    '05 ok',
    '06 ok',
    '07 running',
    '09 ok',
    '10 ok',
    '12 ok',
    '08 served elsewhere',
  ]);
});

it('finds connections by name, state and error', async () => {
  const { board } = boardOf(12);
  const { connections } = await board.status();
  const found = (search: string) =>
    connections.filter((each) => isFound(each, search)).map(({ name }) => name.slice(-2));
  expect(found('')).toHaveLength(12);
  expect(found('_01')).toEqual(['10', '11', '12']);
  expect(found('PAUSED')).toEqual(['04']);
  expect(found('failed gateway')).toEqual(['03']);
  expect(found('credentials-refused')).toEqual(['02', '11']);
  expect(found('nothing of this')).toEqual([]);
});

/** What may happen between two answers. */
type Happening =
  | { readonly kind: 'commit' | 'fail' | 'start' | 'pause'; readonly at: number; readonly table: number }
  | { readonly kind: 'leave' | 'return' | 'release' | 'reload'; readonly at: number }
  | { readonly kind: 'wait'; readonly minutes: number };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('commit' as const, 'fail' as const, 'start' as const, 'pause' as const),
    at: fc.nat(4),
    table: fc.nat(10),
  }),
  fc.record({
    kind: fc.constantFrom('leave' as const, 'return' as const, 'release' as const, 'reload' as const),
    at: fc.nat(4),
  }),
  fc.record({ kind: fc.constant('wait' as const), minutes: fc.nat(40) }),
);

it('shows a client that follows the changes what a complete answer shows', async () => {
  const answers = fc.array(fc.array(happening, { maxLength: 4 }), { minLength: 1, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(answers, async (steps) => {
      const world = boardOf(5);
      let shown: Status | null = null;
      for (const happenings of steps) {
        for (const each of happenings) happen(world, each);
        const answer: Status = await world.board.status(shown?.revision ?? null);
        shown = withAnswer(shown, JSON.parse(JSON.stringify(answer)) as Status).status;
        const complete = JSON.parse(JSON.stringify(await world.board.status())) as Status;
        expect(visible(shown, world.clock.now)).toEqual(visible(complete, world.clock.now));
      }
    }),
    { numRuns: 30 },
  );
});

function happen({ events, clock, served }: ReturnType<typeof boardOf>, each: Happening): void {
  if (each.kind === 'wait') {
    clock.now += each.minutes * 60_000;
    return;
  }
  const connection = served.connections[each.at % served.connections.length];
  if (connection === undefined) return;
  const { name } = connection;
  const others = served.connections.map((other) => other.name).filter((other) => other !== name);
  if (each.kind === 'leave') events.emit('instance:assigned', { connections: others });
  if (each.kind === 'return') events.emit('instance:assigned', { connections: [...others, name] });
  if (each.kind === 'release') events.emit('connection:released', { connection: name });
  if (each.kind === 'reload') served.connections = madeUpConnections(4 + each.at);
  if (!('table' in each)) return;
  const table = connection.tables[each.table]?.name ?? 'contacts';
  const at = { connection: name, table };
  if (each.kind === 'commit') commit(events, at, 5);
  if (each.kind === 'start') events.emit('table:started', at);
  if (each.kind === 'pause') events.emit('table:paused', { ...at, isPaused: true });
  if (each.kind === 'fail') events.emit('table:failed', { ...at, error: failure('api-error', 'broken') });
}

/** Without what time alone changes: the page computes it. Histories as the page draws them. */
function visible(status: Status, now: number) {
  return status.connections.map(({ perMinute: _, complete: __, history, budget, tables, ...connection }) => ({
    ...connection,
    history: lastHour(history, now).values,
    budget: budget === null ? null : { ...budget, history: lastHour(budget.history, now).values },
    tables: tables.map(({ perMinute: ____, lag: ___, history: own, ...table }) => ({
      ...table,
      history: lastHour(own, now).values,
    })),
  }));
}
