/** Republishing while polls publish, and while owners are killed at any commit. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { runs } from '../../support/runs.js';
import { Owner, partitionOf, type Step, stateWith, Topic } from './owned-topic.js';
import { row } from './table-model.js';

const KEYS = 12;
const key = fc.integer({ min: 0, max: KEYS - 1 });
const before = fc.array(fc.record({ key, isGone: fc.boolean() }), { maxLength: 40 });
const step = fc.record({
  key,
  poll: fc.constantFrom('changes', 'changes', 'deletes', 'nothing'),
  kill: fc.constantFrom('before it lands', 'behind it', 'no', 'no', 'no', 'no'),
}) as fc.Arbitrary<Step>;
const REST: Step = { key: 0, poll: 'nothing', kill: 'no' };

it('publishes each row once more exactly once, whoever is killed, and nothing that is older than what polls publish', async () => {
  await fc.assert(
    fc.asyncProperty(
      before,
      fc.array(step, { maxLength: 40 }),
      fc.integer({ min: 1, max: 8 }),
      async (log, steps, maxKeys) => {
        const topic = new Topic();
        for (const { key: id, isGone } of log) {
          topic.versions += 1;
          topic.append(String(id), isGone ? null : JSON.stringify(row(String(id), topic.versions)));
        }
        const ends = topic.ends();
        const stood = new Map<string, string | null>();
        for (const each of topic.logs.flat()) stood.set(each.key, each.value);
        topic.state = stateWith({ phase: 'republishing', republish: true, ends });
        const left = [...steps];
        while (topic.state.resync?.phase !== 'finished')
          await new Owner(topic, () => left.shift() ?? REST, { maxKeys }).ended;
        let republished = 0;
        for (let id = 0; id < KEYS; id += 1) {
          const own = String(id);
          const partition = topic.logs[partitionOf(own)] ?? [];
          const since = partition.slice(ends[partitionOf(own)]).filter((each) => each.key === own);
          const old = stood.get(own) ?? null;
          const values = since.flatMap(({ value }) => value ?? []);
          expect(new Set(values).size).toBe(values.length);
          const isAgain = old !== null && values.includes(old);
          // Once more, or not at all where a poll was first.
          if (isAgain) expect(since[0]?.value).toBe(old);
          if (old !== null) expect(since.length).toBeGreaterThan(0);
          republished += isAgain ? 1 : 0;
        }
        expect(topic.state.resync.republished).toBe(republished);
      },
    ),
    { numRuns: runs(300) },
  );
});
