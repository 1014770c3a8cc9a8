/** What notifications tell of, published between the pages of the cycles. */

import { describe, expect, it } from 'vitest';
import { elementOf, isNoRow, rowOf } from '../../../src/model/row.js';
import { publishBeyondMemory, publishNotified } from '../../../src/sync/notified.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { page, row, shape, TableModel } from './table-model.js';

const AT = { connection: 'acme', table: 'contacts' };

const HASH_OF_SAME = JSON.stringify(row('same', 150));

async function replicated(): Promise<TableModel> {
  const model = new TableModel();
  model.readings = [[page([row('a', 300), row('b', 290)])]];
  await new TableCycle(model, model.events).run(false);
  return model;
}

const tell = (
  model: TableModel,
  rows: Parameters<typeof page>[0],
  gone: readonly string[] = [],
  hintedAt: number | null = null,
) =>
  publishNotified(
    model.ledger,
    model.events,
    { rows, gone, fetchedAt: 9, askedAt: () => Date.now() + 1 },
    hintedAt,
  );

describe('publishNotified', () => {
  it('publishes what is new and what is gone, and how far notifications are worked off', async () => {
    const model = await replicated();
    const cycle = model.ledger.state.cycle;
    await tell(
      model,
      [row('a', 310, { unknown: ['x'] }), row('b', 290), row('c', 305, { keyless: true })],
      ['b'],
      5_000,
    );
    expect(model.commits.at(-1)?.records).toEqual(['rows a there', 'rows b gone', 'letters letter-c no key']);
    expect(model.ledger.state).toMatchObject({
      bookmark: 300,
      hintedAt: 5_000,
      records: 3,
      deletes: 1,
      deadLetters: 1,
      unknownFields: 1,
      cycle,
    });
    expect(model.of('hints:committed')).toEqual([
      {
        ...AT,
        records: 1,
        deletes: 1,
        deadLetters: 1,
        letters: { written: [{ key: 'letter-c', reason: 'no key' }], removed: [] },
        unknownFields: new Map([['x', 1]]),
      },
    ]);
  });

  it('publishes nothing that is not new, however late, doubled or unordered it comes', async () => {
    const model = await replicated();
    await tell(model, [row('a', 310)], [], 5_000);
    await tell(model, [row('a', 310)], [], 4_000);
    await tell(model, [row('a', 300)], [], null);
    expect(model.commits.slice(1).map(({ records }) => records)).toEqual([['rows a there']]);
    expect(model.ledger.state.hintedAt).toBe(5_000);
    expect(model.of('hints:committed').map(({ records }) => records)).toEqual([1, 0, 0]);
  });

  it('gives a row one tombstone, whoever tells of it again', async () => {
    const model = await replicated();
    await tell(model, [], ['a']);
    await tell(model, [], ['a', 'never-known']);
    await tell(model, [], ['a', 'never-known']);
    expect(model.commits.slice(1).map(({ records }) => records)).toEqual([['rows a gone']]);
  });

  it('of a table that is read whole buries only what stands there', async () => {
    const model = new TableModel({ name: 'companies', reads: 'whole' });
    model.readings = [[page([row('a', 300)])]];
    await new TableCycle(model, model.events).run(false);
    await tell(model, [], ['a', 'never-known']);
    expect(model.records).toEqual(['rows a there', 'rows a gone']);
  });

  it('leaves rows that lie further back than memory goes, and what is gone and unknown, to the topic', async () => {
    const model = await replicated();
    const beyond = await tell(
      model,
      [row('old', 239), row('edge', 240), row('timeless', null), row('ancient', 99)],
      ['a', 'never-known'],
    );
    expect(model.records.slice(2)).toEqual(['rows edge there', 'rows timeless there', 'rows a gone']);
    expect(beyond).toMatchObject({ rows: [{ id: 'old' }], gone: ['never-known'] });
    expect(model.lookedFor).toEqual([]);
  });

  it('publishes of them what the topic does not have as it is, and tombstones of what stands there', async () => {
    const model = await replicated();
    model.older.push(
      { key: 'same', row: JSON.parse(HASH_OF_SAME) },
      { key: 'changed', row: { other: true } },
      { key: 'back', row: { other: true } },
      { key: 'back', row: null },
      { key: 'standing', row: {} },
      { key: 'gone', row: null },
    );
    const rows = ['same', 'changed', 'back', 'late'].map((id) => row(id, 150));
    const beyond = await tell(model, rows, ['standing', 'gone', 'never-known']);
    expect(beyond).not.toBeNull();
    if (beyond !== null) await publishBeyondMemory(model.ledger, model.events, beyond);
    expect(model.lookedFor).toEqual([['same', 'changed', 'back', 'late', 'standing', 'gone', 'never-known']]);
    const published = ['changed there', 'back there', 'late there', 'standing gone'].map(
      (each) => `rows ${each}`,
    );
    expect(model.records.slice(2)).toEqual(published);
    expect(model.ledger.state).toMatchObject({ records: 5, deletes: 1 });
  });

  it('builds on what was published while the topic was read, also when the bookmark has passed it', async () => {
    const model = await replicated();
    const { standing } = model;
    model.standing = async (keys) => {
      const found = await standing.call(model, keys);
      model.readings = [[page([row('x', 310), row('old', 305, { text: 'newer' })])], [page([row('y', 900)])]];
      for (let cycle = 0; cycle < 2; cycle += 1) await new TableCycle(model, model.events).run(false);
      return found;
    };
    const beyond = await tell(model, [row('old', 239)]);
    if (beyond !== null) await publishBeyondMemory(model.ledger, model.events, beyond);
    expect(model.records.filter((line) => line === 'rows old there')).toHaveLength(1);
  });

  it('makes a dead letter of an element that is no row, and looks for none in the topic', async () => {
    const model = await replicated();
    model.source = {
      ...model.source,
      versionTime: () => 150,
      shape: (raw, fetchedAt) =>
        isNoRow(raw)
          ? { ok: false, letter: { key: 'stray', reason: 'no row', raw: elementOf(raw), fetchedAt } }
          : shape(raw, fetchedAt),
    };
    const beyond = await tell(model, [rowOf('text'), row('old', 150)]);
    expect(model.records.slice(2)).toEqual(['letters stray no row']);
    if (beyond !== null)
      await publishBeyondMemory(model.ledger, model.events, {
        ...beyond,
        rows: [rowOf(null), ...beyond.rows],
      });
    expect(model.lookedFor).toEqual([['old']]);
  });

  it('takes every row before the first cycle, but for those before the start date', async () => {
    const model = new TableModel();
    await tell(model, [row('first', 100), row('ancient', 99)]);
    expect(model.records).toEqual(['rows first there']);
    expect(model.ledger.state.bookmark).toBeNull();
  });

  it('shapes rows again when getting ready for them changed the schema', async () => {
    const model = await replicated();
    const asked: number[] = [];
    const { shape } = model.source;
    let shaped = 0;
    model.source = {
      ...model.source,
      shape: (raw, at) => {
        shaped += 1;
        return shape(raw, at);
      },
      prepare: async (rows) => asked.push(rows.length) === 1,
    };
    await tell(model, [row('n', 310)]);
    expect([asked, shaped]).toEqual([[1], 2]);
  });
});
