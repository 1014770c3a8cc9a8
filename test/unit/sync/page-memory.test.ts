/**
 * A page that was handed over is in nobody's way while the next one is asked for: many windows are read at
 * once, and pages are large.
 */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import type { Requester } from '../../../src/intercom/transport.js';
import type { RawRow } from '../../../src/model/row.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { contacts } from '../../../src/tables/contacts.js';
import { TableModel } from './table-model.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const PAGES = 4;

/** An API that, before it gives a page, looks which of the pages before are still in memory. */
function lookingBack(alive: boolean[][]): Requester {
  const given: WeakRef<RawRow>[] = [];
  const request = async () => {
    // What a weak reference has shown is kept until the turn is over.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    alive.push(given.map((row) => row.deref() !== undefined));
    const row = { id: `c${given.length}`, updated_at: 1_000 - given.length };
    given.push(new WeakRef(row));
    const next = given.length === PAGES ? null : { starting_after: `after ${given.length}` };
    const json = { data: [row], total_count: PAGES, pages: { next } };
    return { json, receivedAt: 0, serverNow: 2_000 };
  };
  return { request };
}

it('is let go when it is published, before the next one comes', async () => {
  const alive: boolean[][] = [];
  const api = new IntercomApi(lookingBack(alive), new AbortController().signal);
  const model = new TableModel({ pull: (window) => contacts.pull(api, window) });
  await new TableCycle(model, model.events).run(false);
  expect(model.records).toHaveLength(PAGES);
  const before = (count: number) => Array.from({ length: count }, () => false);
  expect(alive).toEqual(Array.from({ length: PAGES }, (_, count) => before(count)));
});
