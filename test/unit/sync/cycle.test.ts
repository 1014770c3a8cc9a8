/** One pass over several tables: which failures stay with their table, and which reach further. */

import { describe, expect, it } from 'vitest';
import { type ErrorCode, PublisherError } from '../../../src/model/errors.js';
import { type CycleEnd, firstCause, runCycle } from '../../../src/sync/cycle.js';
import { page, row, TableModel } from './table-model.js';

const table = (name: 'contacts' | 'tags', outcome: Error | null) => {
  const model = new TableModel(
    name === 'contacts' ? { name } : { name, reads: 'whole', method: 'full_table' },
  );
  model.readings = [[outcome ?? page([row('a', 300)])]];
  return model;
};

async function pass(...tables: readonly TableModel[]) {
  const [first] = tables;
  if (first === undefined) throw new Error('no table');
  const done: string[] = [];
  const ends: Record<string, CycleEnd> = {};
  let abandoned = 0;
  const options = {
    abandon: () => {
      abandoned += 1;
    },
    awaitReconcile: false,
    onDone: (name: string, end: CycleEnd) => {
      done.push(name);
      ends[name] = end;
    },
  };
  // All of them tell the first one's listeners.
  const run = runCycle('acme', tables, first.events, options);
  const outcome = await run.then(
    (failed) => ({ failed }),
    (thrown: unknown) => ({ thrown }),
  );
  return {
    ...outcome,
    done: done.sort(),
    ends,
    abandoned: () => abandoned,
    told: first.told.map(({ name }) => name),
    first,
  };
}

describe('runCycle', () => {
  it('brings every table up to date', async () => {
    const result = await pass(table('contacts', null), table('tags', null));
    expect(result).toMatchObject({ failed: [], done: ['contacts', 'tags'] });
    expect(result.abandoned()).toBe(0);
    expect(result.told[0]).toBe('cycle:started');
    expect(result.told.at(-1)).toBe('cycle:finished');
    expect(result.first.of('cycle:started')).toEqual([{ connection: 'acme', tables: ['contacts', 'tags'] }]);
    expect(result.first.of('cycle:finished')).toEqual([
      { connection: 'acme', ms: expect.any(Number), failed: 0 },
    ]);
    expect(result.first.of('cycle:finished')[0]?.ms).toBeLessThan(10_000);
  });

  it('leaves a failure with its table, which keeps the reason', async () => {
    const error = new PublisherError('api-unreachable', 'no answer');
    const [contacts, tags] = [table('contacts', error), table('tags', null)];
    const result = await pass(contacts, tags);
    expect(result).toMatchObject({ failed: [{ table: 'contacts', error }], done: ['contacts', 'tags'] });
    expect(result.abandoned()).toBe(0);
    expect(contacts.ledger.state.error).toMatchObject({ code: 'api-unreachable', message: 'no answer' });
    expect(tags.ledger.state).toMatchObject({ error: null, records: 1 });
    expect(contacts.of('cycle:finished')).toMatchObject([{ failed: 1 }]);
    expect(contacts.of('table:failed')).toMatchObject([{ table: 'contacts', error }]);
  });

  it('calls what nobody expected a defect of its table', async () => {
    const result = await pass(table('contacts', new TypeError('x is not a function')));
    expect(result).toMatchObject({
      failed: [{ error: { code: 'internal', message: 'unexpected error: x is not a function' } }],
    });
  });

  it.each<ErrorCode>(['credentials-refused', 'fenced'])(
    'fails the connection with %s, once the others are at rest',
    async (code) => {
      const error = new PublisherError(code, 'refused');
      expect(error.reach).toBe('connection');
      const [contacts, tags] = [table('contacts', error), table('tags', null)];
      const result = await pass(contacts, tags);
      expect(result).toMatchObject({ thrown: error, done: ['contacts', 'tags'] });
      expect(result.abandoned()).toBe(1);
      const reasons = [contacts, tags].map(({ ledger }) => ledger.state.error?.code ?? null);
      // Who was fenced must not write any more.
      expect(reasons).toEqual(code === 'fenced' ? [null, null] : [code, code]);
      expect(contacts.of('cycle:finished')).toEqual([]);
    },
  );

  it.each<ErrorCode>(['kafka-unreachable', 'stopped'])('throws %s without keeping a reason', async (code) => {
    const error = new PublisherError(code, 'over');
    const contacts = table('contacts', error);
    const result = await pass(contacts);
    expect(result).toMatchObject({ thrown: error });
    expect(result.abandoned()).toBe(1);
    expect(contacts.ledger.state.error).toBeNull();
  });

  it('names the failure that says why, not that the others stopped', async () => {
    const why = new PublisherError('kafka-unreachable', 'why');
    const result = await pass(
      table('contacts', new PublisherError('stopped', 'stopped')),
      table('tags', why),
    );
    expect(result).toMatchObject({ thrown: why });
    expect(result.abandoned()).toBe(2);
  });
});

describe('the end of a cycle', () => {
  it.each<[ErrorCode, CycleEnd]>([
    ['api-unreachable', 'recorded'],
    ['credentials-refused', 'recorded'],
    ['fenced', 'cut'],
    ['kafka-unreachable', 'cut'],
    ['stopped', 'cut'],
  ])('that failed with %s is %s', async (code, end) => {
    const contacts = table('contacts', new PublisherError(code, 'over'));
    const { ends } = await pass(contacts, table('tags', null));
    expect(ends).toEqual({ contacts: end, tags: 'recorded' });
    expect(contacts.ledger.state.error?.code).toBe(end === 'recorded' ? code : undefined);
  });

  it('is cut where its reason can’t be written', async () => {
    const contacts = table('contacts', new PublisherError('credentials-refused', 'over'));
    contacts.commitError = new Error('no broker');
    expect((await pass(contacts)).ends).toEqual({ contacts: 'cut' });
  });
});

describe('firstCause', () => {
  it('is the first that is more than a stop, or a stop', () => {
    const stop = new PublisherError('stopped', 's');
    const why = new PublisherError('internal', 'w');
    expect(firstCause([stop, why])).toBe(why);
    expect(firstCause([stop])).toBe(stop);
    expect(() => firstCause([])).toThrow('no error was thrown');
  });
});
