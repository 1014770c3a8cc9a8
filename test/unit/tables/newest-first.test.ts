/** A list that can't be filtered, read from its newest row on until known rows come. */

import { expect, it } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import type { ApiRequest, Requester } from '../../../src/intercom/transport.js';
import type { TableName } from '../../../src/model/table-names.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { newestFirst } from '../../../src/tables/newest-first.js';
import { TableModel } from '../sync/table-model.js';

const PER_PAGE = 10;

const calls = newestFirst({
  name: 'calls' as TableName,
  listing: { path: '/calls', route: '/calls', lists: ['data'] },
  time: 'created_at',
});

/** Calls by the second in which they began, on pages of ten. */
class Calls implements Requester {
  readonly times: number[] = [];
  pages = 0;

  async request({ path }: ApiRequest) {
    this.pages += 1;
    const page = Number(new URL(path, 'http://api').searchParams.get('page') ?? 1);
    const all = [...this.times]
      .sort((a, b) => b - a)
      .map((created_at) => ({ id: `c${created_at}`, created_at }));
    const data = all.slice((page - 1) * PER_PAGE, page * PER_PAGE);
    const json = { data, pages: { total_pages: Math.ceil(all.length / PER_PAGE) } };
    return { json, receivedAt: 10_000_000, serverNow: 10_000_000 };
  }
}

function open() {
  const workspace = new Calls();
  const api = new IntercomApi(workspace, new AbortController().signal);
  const versionTime = ({ created_at }: Readonly<Record<string, unknown>>) => Number(created_at);
  const model = new TableModel({
    name: calls.name,
    versionTime,
    windowsAtOnce: () => calls.windowsAtOnce ?? 1,
    shape: ({ id, created_at }, fetchedAt) => {
      const updatedAt = Number(created_at) * 1000;
      const hash = String(id);
      const row = { op: 'upsert', key: hash, bytes: Buffer.from(hash), hash, updatedAt, fetchedAt } as const;
      return { ok: true, raw: {}, redacted: () => ({}), leftovers: [], row };
    },
    pull: (window) => calls.pull(api, window),
  });
  const cycle = async () => {
    workspace.pages = 0;
    await new TableCycle(model, model.events).run(false);
    return workspace.pages;
  };
  return { workspace, model, cycle };
}

it('reads all of it first, then the pages that hold something new, and publishes each row once', async () => {
  const { workspace, model, cycle } = open();
  for (let at = 1_000; at < 1_095; at += 1) workspace.times.push(at);
  expect(await cycle()).toBe(10);
  expect(model.ledger.state.bookmark).toBe(1_094);
  // The lookback of a minute: six pages, the edge of the window, and one behind it.
  expect(await cycle()).toBe(8);
  for (let at = 5_000; at < 5_015; at += 1) workspace.times.push(at);
  expect(await cycle()).toBe(9);
  expect(model.ledger.state.bookmark).toBe(5_014);
  expect(await cycle()).toBe(3);
  const keys = model.records.map((record) => record.split(' ')[1]);
  expect(keys.length).toBe(110);
  expect(new Set(keys).size).toBe(110);
});

it('reads rows without a time wherever they stand', async () => {
  const { workspace, model, cycle } = open();
  workspace.times.push(1_000, Number.NaN);
  await cycle();
  expect(model.records).toHaveLength(2);
});
