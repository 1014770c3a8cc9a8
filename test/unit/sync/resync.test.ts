/** What a resync reads, publishes and keeps in the state, beside the cycles of its table. */

import { describe, expect, it } from 'vitest';
import { PublisherError } from '../../../src/model/errors.js';
import { cancelled } from '../../../src/model/resync.js';
import type { RawRow } from '../../../src/model/row.js';
import type { ResyncMark, Window } from '../../../src/model/state.js';
import type { IdSource } from '../../../src/sync/reconcile.js';
import { Resync } from '../../../src/sync/resync.js';
import type { TableSource } from '../../../src/sync/source.js';
import { BEGUN } from './resync-mark.js';
import { page, row, TableModel } from './table-model.js';

const MARK: ResyncMark = { ...BEGUN, revision: 4, until: 300 };

/** A table whose topic has a, b and c as of 200, 250 and 300, and whose source has `rows` now. */
async function open(rows: readonly RawRow[], more: Partial<TableSource> = {}) {
  const pulled: Window[] = [];
  const asked: string[] = [];
  const now = new Map(rows.map((each) => [String(each.id), each]));
  const find = async (id: string) => {
    asked.push(id);
    const found = now.get(id);
    return found === undefined ? null : { rows: [found], fetchedAt: 9 };
  };
  const ids: IdSource = {
    known: async (after) => knownIn(model, after),
    async *pull(window) {
      pulled.push(window);
      const inWindow = (each: RawRow) =>
        Number(each.updated_at) >= window.from && Number(each.updated_at) <= Number(window.to);
      yield page(rows.filter(inWindow));
    },
    isGone: async (id) => !now.has(id),
    grain: async () => ({ unit: 'second' }),
    hashOf: async (each) => JSON.stringify(each),
    find,
  };
  const model = new TableModel({ ids, find, ...more }, { lookback: 10 });
  const before = [row('a', 200), row('b', 250), row('c', 300)];
  const complete = () => ({ isNews: true, bookmark: 300 });
  await (await model.ledger.publish({ page: page(before), complete })).committed;
  return { model, pulled, asked };
}

/** What the topic of the model has last of each key. */
function knownIn(model: TableModel, after: number | null) {
  const times = new Map<string, number>();
  const hashes = new Map<string, string>();
  for (const { key, value } of model.log) {
    const time = value === null ? null : Number((JSON.parse(value) as RawRow).updated_at);
    times.delete(key);
    if (value === null || time === null || (after !== null && time <= after)) continue;
    times.set(key, time);
    hashes.set(key, value);
  }
  return { times, hashes, until: null };
}

async function resync(model: TableModel, change: Partial<ResyncMark> = {}): Promise<Resync> {
  model.ledger.change({ resync: { ...MARK, ...change } });
  const run = new Resync(model.ledger, model.events);
  expect(await run.ended).toBeNull();
  return run;
}

const textOf = (value: string | null | undefined) =>
  value ? (JSON.parse(value) as { text: string }).text : null;
const valuesOf = (model: TableModel, id: string) =>
  model.log.filter(({ key }) => key === id).map(({ value }) => textOf(value));

describe('a resync of a searched table', () => {
  it('publishes what differs and what the topic lacks, and tombstones what is gone', async () => {
    const { model, pulled, asked } = await open([
      row('a', 200, { text: 'changed' }),
      row('new', 270),
      row('c', 300),
    ]);
    await resync(model);
    expect(pulled).toEqual([{ from: 100, to: 300 }]);
    expect(asked).toEqual(['a', 'new']);
    expect(valuesOf(model, 'a')).toEqual(['', 'changed']);
    expect(valuesOf(model, 'b')).toEqual(['', null]);
    expect(valuesOf(model, 'new')).toEqual(['']);
    expect(valuesOf(model, 'c')).toEqual(['']);
    const { state } = model.commits.at(-1) ?? {};
    expect(state?.resync).toMatchObject({ phase: 'finished', reached: 300, records: 2, deletes: 1 });
    expect(state?.resync?.finishedAt).not.toBeNull();
    expect(model.of('resync:changed').map(({ what }) => what)).toEqual(['progress', 'finished']);
    expect(model.of('resync:committed')).toMatchObject([{ records: 2, deletes: 1, republished: 0 }]);
  });

  it('neither reads nor deletes what is older than it is asked for', async () => {
    const { model, pulled, asked } = await open([row('c', 300, { text: 'changed' })]);
    await resync(model, { since: 251 });
    expect(pulled).toEqual([{ from: 251, to: 300 }]);
    expect(asked).toEqual(['c']);
    expect(valuesOf(model, 'a')).toEqual(['']);
    expect(valuesOf(model, 'c')).toEqual(['', 'changed']);
  });

  it('continues behind what was compared before', async () => {
    const { model, pulled } = await open([row('a', 200, { text: 'changed' }), row('c', 300)]);
    await resync(model, { reached: 250, records: 7, deletes: 2 });
    expect(pulled).toEqual([{ from: 251, to: 300 }]);
    expect(valuesOf(model, 'a')).toEqual(['']);
    expect(model.ledger.state.resync).toMatchObject({ phase: 'finished', records: 7, deletes: 2 });
  });

  it('leaves to the polls what the topic lacks behind the bookmark with which it began, and nothing else', async () => {
    const lacking = [row('late', 255), row('new', 280)];
    const { model, pulled, asked } = await open([
      row('a', 200),
      row('b', 250, { text: 'changed' }),
      ...lacking,
    ]);
    await resync(model, { until: 260 });
    expect(pulled).toEqual([{ from: 100, to: 300 }]);
    expect(asked).toEqual(['b', 'late']);
    expect(valuesOf(model, 'c')).toEqual(['', null]);
  });

  it('finds what the topic lacks behind its newest row', async () => {
    const { model, pulled } = await open([row('a', 200), row('b', 250), row('c', 300), row('new', 350)]);
    await resync(model, { until: 360 });
    expect(pulled).toEqual([
      { from: 100, to: 300 },
      { from: 301, to: 360 },
    ]);
    expect(valuesOf(model, 'new')).toEqual(['']);
  });

  it('has nothing to compare where nothing was published when it began', async () => {
    const { model, pulled } = await open([]);
    await resync(model, { until: null });
    expect(pulled).toEqual([]);
    expect(model.ledger.state.resync?.phase).toBe('finished');
  });

  it('does not publish a version that a poll was first with, nor an older one behind it', async () => {
    const { model } = await open([row('a', 200, { text: 'changed' }), row('b', 250), row('c', 300)]);
    const newer = row('a', 400, { text: 'newer' });
    const find = async () => {
      const complete = () => ({ isNews: true });
      await (await model.ledger.publish({ page: page([newer]), complete })).committed;
      return { rows: [row('a', 200, { text: 'changed' })], fetchedAt: 9 };
    };
    const { ids } = model.source;
    model.source = { ids: ids && { ...ids, find } };
    await resync(model);
    expect(valuesOf(model, 'a')).toEqual(['', 'newer']);
  });

  it('reads the children of each parent in its range', async () => {
    const parents = [row('p', 210), row('q', 250), row('behind the bookmark', 301)];
    const { model, asked } = await open(parents, { isChild: true });
    await resync(model);
    expect(asked).toEqual(['p', 'q']);
    expect(valuesOf(model, 'p')).toEqual(['']);
  });

  it('ends with what breaks it, and keeps what it has reached', async () => {
    const { model } = await open([row('a', 200), row('b', 250), row('c', 300)]);
    const broken = new PublisherError('api-unreachable', 'no answer');
    const { ids } = model.source;
    model.source = { ids: ids && { ...ids, known: () => Promise.reject(broken) } };
    model.ledger.change({ resync: { ...MARK, reached: 220 } });
    expect(await new Resync(model.ledger, model.events).ended).toBe(broken);
    expect(model.ledger.state.resync).toMatchObject({ phase: 'reading', reached: 220 });
  });

  it.each(['stopped', 'cancelled'])('publishes nothing once it is %s', async (how) => {
    let answer = () => {};
    const { model } = await open([row('a', 200, { text: 'changed' })]);
    const { ids } = model.source;
    const find = () =>
      new Promise<null>((resolve) => {
        answer = () => resolve(null);
      });
    const asked = new Promise<void>((resolve) => {
      const wrapped = () => {
        resolve();
        return find();
      };
      model.source = { ids: ids && { ...ids, find: wrapped } };
    });
    model.ledger.change({ resync: MARK });
    const run = new Resync(model.ledger, model.events);
    await asked;
    if (how === 'stopped') run.stop();
    else await model.ledger.record({ resync: cancelled(MARK, 0) });
    const { length } = model.log;
    answer();
    expect(await run.ended).toBeNull();
    expect(model.log).toHaveLength(length);
    expect(model.ledger.state.resync?.phase).toBe(how === 'stopped' ? 'reading' : 'cancelled');
  });
});

describe('republishing', () => {
  it('follows the reading, and leaves out what that has published', async () => {
    const { model } = await open([row('a', 200, { text: 'changed' }), row('c', 300)]);
    await resync(model, { republish: true, ends: [3] });
    expect(valuesOf(model, 'a')).toEqual(['', 'changed']);
    expect(valuesOf(model, 'b')).toEqual(['', null]);
    expect(valuesOf(model, 'c')).toEqual(['', '']);
    expect(model.ledger.state.resync).toMatchObject({ phase: 'finished', records: 1, republished: 1 });
    expect(model.ledger.state.records).toBe(4);
  });

  it('leaves out rows from before', async () => {
    const { model } = await open([]);
    await resync(model, { phase: 'republishing', republish: true, ends: [3], since: 250 });
    expect(['a', 'b', 'c'].map((id) => valuesOf(model, id).length)).toEqual([1, 2, 2]);
  });

  it('asks for the ends of the topic where they are not known', async () => {
    const { model } = await open([]);
    await resync(model, { phase: 'republishing', republish: true });
    expect(model.ledger.state.resync).toMatchObject({ ends: [3], offsets: [3], republished: 3 });
    expect(model.of('resync:committed')).toMatchObject([{ records: 0, republished: 3 }]);
  });

  it('ends with a commit that fails', async () => {
    const { model } = await open([]);
    const fenced = new PublisherError('fenced', 'another instance');
    model.ledger.change({ resync: { ...MARK, phase: 'republishing', republish: true, ends: [3] } });
    model.commitError = fenced;
    expect(await new Resync(model.ledger, model.events).ended).toBe(fenced);
  });
});
