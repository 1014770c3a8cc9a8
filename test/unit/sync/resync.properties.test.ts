/** A resync of a table whose rows have changed unseen, while polls publish, and owners are killed at any commit. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RawRow } from '../../../src/model/row.js';
import type { IdSource } from '../../../src/sync/reconcile.js';
import { runs } from '../../support/runs.js';
import { Owner, partitionOf, type Step, stateWith, Topic } from './owned-topic.js';
import { page, row } from './table-model.js';

const KEYS = 12;
const BOOKMARK = 900;
const key = fc.integer({ min: 0, max: KEYS - 1 });
/** A row in the topic, and what became of it behind the publisher's back. */
const unseen = fc.record({
  inTopic: fc.boolean(),
  time: fc.integer({ min: 100, max: BOOKMARK }),
  now: fc.constantFrom('same', 'same', 'changed', 'gone'),
});
const step = fc.record({
  key,
  poll: fc.constantFrom('changes', 'changes', 'deletes', 'nothing', 'nothing'),
  kill: fc.constantFrom('before it lands', 'behind it', 'no', 'no', 'no'),
}) as fc.Arbitrary<Step>;
const REST: Step = { key: 0, poll: 'nothing', kill: 'no' };

it('ends with what the source has, publishes no version twice, and nothing older behind it', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(unseen, { minLength: KEYS, maxLength: KEYS }),
      fc.array(step, { maxLength: 30 }),
      fc.boolean(),
      async (rows, steps, republish) => {
        const topic = new Topic();
        const workspace = new Map<string, RawRow>();
        rows.forEach(({ inTopic, time, now }, index) => {
          const id = String(index);
          if (inTopic) topic.append(id, JSON.stringify(row(id, time)));
          if (now === 'same') workspace.set(id, row(id, time));
          if (now === 'changed') workspace.set(id, row(id, time, { text: 'changed' }));
        });
        const before = topic.ends();
        const find = async (id: string) => {
          await null;
          const found = workspace.get(id);
          return found === undefined ? null : { rows: [found], fetchedAt: Date.now() };
        };
        const more = { ids: idsOf(topic, workspace, find), find, workspace, maxKeys: 3 };
        topic.state = { ...stateWith({ until: BOOKMARK, republish, ends: before }), bookmark: BOOKMARK };
        const left = [...steps];
        while (topic.state.resync?.phase !== 'finished')
          await new Owner(topic, () => left.shift() ?? REST, more).ended;
        const keys = [...polled(steps)];
        await new Owner(topic, () => REST, more).catchUp(keys, BOOKMARK);
        for (let index = 0; index < KEYS; index += 1) {
          const id = String(index);
          const own = (topic.logs[partitionOf(id)] ?? []).filter((each) => each.key === id);
          const now = workspace.get(id);
          expect(own.at(-1)?.value ?? null).toBe(now === undefined ? null : JSON.stringify(now));
          const times = own.flatMap(({ value }) =>
            value === null ? [] : Number(JSON.parse(value).updated_at),
          );
          expect(times).toEqual([...times].sort((a, b) => a - b));
          const since = own.slice(rows[index]?.inTopic ? 1 : 0).flatMap(({ value }) => value ?? []);
          expect(new Set(since).size).toBe(since.length);
          if (republish && rows[index]?.inTopic) expect(own.length).toBeGreaterThan(1);
          // Without a republication an unchanged row has one record.
          if (!republish)
            expect(own.filter(({ value }, at) => at > 0 && value === own[at - 1]?.value)).toEqual([]);
        }
      },
    ),
    { numRuns: runs(200) },
  );
});

/** The keys that polls have changed or deleted. */
function polled(steps: readonly Step[]): ReadonlySet<string> {
  return new Set(steps.filter(({ poll }) => poll !== 'nothing').map((each) => String(each.key)));
}

function idsOf(topic: Topic, workspace: ReadonlyMap<string, RawRow>, find: IdSource['find']): IdSource {
  return {
    known: async (after) => {
      const times = new Map<string, number>();
      const hashes = new Map<string, string>();
      for (const { key: id, value } of topic.logs.flat()) {
        times.delete(id);
        const time = value === null ? null : Number(JSON.parse(value).updated_at);
        if (value === null || time === null || time <= (after ?? 0)) continue;
        times.set(id, time);
        hashes.set(id, value);
      }
      return { times, hashes, until: null };
    },
    async *pull({ from, to }) {
      await null;
      const isIn = ({ updated_at: time }: RawRow) => Number(time) >= from && Number(time) <= Number(to);
      yield page([...workspace.values()].filter(isIn));
    },
    isGone: async (id) => !workspace.has(id),
    grain: async () => ({ unit: 'second' }),
    hashOf: async (each) => JSON.stringify(each),
    ...(find === undefined ? {} : { find }),
  };
}
