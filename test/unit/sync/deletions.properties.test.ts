/** A list of deletions, worked off poll by poll while it grows: every entry is published once. */

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeletionMark } from '../../../src/model/state.js';
import type { Deletion } from '../../../src/model/table.js';
import { deletionsFrom, newDeletions } from '../../../src/sync/deletions.js';

/** A poll: what was deleted since the last one, and how the list shows it. */
interface Poll {
  /** Seconds that pass before each deletion. */
  readonly pauses: readonly number[];
  /** Entries that come once more, because the list grew between two pages; by how many. */
  readonly repeated: number;
  /** Entries from before what was asked for. */
  readonly tooMany: number;
  readonly isReversed: boolean;
}

const START = 1_000;
const polls = fc.array(
  fc.record({
    pauses: fc.array(fc.oneof(fc.constant(0), fc.nat(3)), { maxLength: 8 }),
    repeated: fc.nat(4),
    tooMany: fc.nat(4),
    isReversed: fc.boolean(),
  }),
  { minLength: 1 },
);

function shown(all: readonly Deletion[], since: number, { repeated, tooMany, isReversed }: Poll): Deletion[] {
  const first = all.findIndex(({ at }) => at >= since);
  const from = first === -1 ? all.length : first;
  const listed = all.slice(Math.max(0, from - tooMany));
  const twice = [...listed, ...listed.slice(listed.length - Math.min(repeated, listed.length))];
  return isReversed ? twice.reverse() : twice;
}

it('publishes each deletion from the start on once, however the list overlaps with what was read', () => {
  fc.assert(
    fc.property(polls, fc.integer({ min: -5, max: 5 }), (all, before) => {
      let time = START + before;
      let mark: DeletionMark | null = null;
      const deleted: Deletion[] = [];
      const published: string[] = [];
      for (const poll of all) {
        for (const pause of poll.pauses) {
          time += pause;
          deleted.push({ id: `c${deleted.length}`, at: time });
        }
        const found = newDeletions(mark, START, shown(deleted, deletionsFrom(mark, START), poll));
        published.push(...found.ids);
        expect(found.mark.at).toBeGreaterThanOrEqual(mark?.at ?? START);
        mark = found.mark;
      }
      const due = deleted.filter(({ at }) => at >= START).map(({ id }) => id);
      expect([...published].sort()).toEqual(due.sort());
    }),
    { numRuns: 1_000 },
  );
});

it('does not change by being asked again', () => {
  const listed = fc.array(fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd', 'e'), at: fc.nat(5) }));
  fc.assert(
    fc.property(listed, fc.nat(5), (deletions, start) => {
      const { mark } = newDeletions(null, start, deletions);
      expect(newDeletions(mark, start, deletions)).toEqual({ ids: [], mark });
    }),
  );
});
