/**
 * Which details the polls of a session read: an API of a few conversations, and a clock that the test moves.
 */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { IntercomApi } from '../../../src/intercom/api.js';
import type { ApiRequest, Requester } from '../../../src/intercom/transport.js';
import { PublisherError } from '../../../src/model/errors.js';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { pullChildren } from '../../../src/tables/children.js';
import { conversationParts, PARTS } from '../../../src/tables/conversation-parts.js';
import { DetailsRead } from '../../../src/tables/details-read.js';
import { TableModel } from '../sync/table-model.js';

const LOOKBACK = 60;
const NEWEST = 100_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => void vi.useRealTimers());

class Conversations implements Requester {
  /** By ID: when it was updated, as the search and as the detail has it, and its parts. */
  readonly rows = new Map<string, { shown: number; detail: number; parts: string[] }>();
  asked: string[] = [];

  async request({ method, path }: ApiRequest) {
    const at = { receivedAt: 0, serverNow: NEWEST + 10 };
    if (method === 'GET') return { json: this.#detail(new URL(path, 'http://api').pathname), ...at };
    const conversations = [...this.rows].map(([id, { shown }]) => ({ id, updated_at: shown }));
    conversations.sort((a, b) => b.updated_at - a.updated_at);
    return { json: { conversations, total_count: conversations.length, pages: {} }, ...at };
  }

  #detail(path: string) {
    const id = path.split('/').at(-1) ?? '';
    this.asked.push(id);
    const { detail = 0, parts = [] } = this.rows.get(id) ?? {};
    const shown = parts.map((part) => ({ id: part, updated_at: detail }));
    return { id, updated_at: detail, conversation_parts: { conversation_parts: shown } };
  }
}

function open(...ages: readonly number[]) {
  const api = new Conversations();
  for (const [index, age] of ages.entries())
    api.rows.set(`c${index}`, { shown: NEWEST - age, detail: NEWEST - age, parts: [`p${index}`] });
  const of = new IntercomApi(api, new AbortController().signal);
  const pull = conversationParts.polling?.(of, LOOKBACK) ?? (() => expect.fail('it has no polls'));
  const { versionTime = () => null } = conversationParts;
  const model = new TableModel(
    { pull, versionTime: (part) => versionTime(part) as number | null },
    { lookback: LOOKBACK },
  );
  /** The details that a poll asks for, so many seconds after the last one. */
  const poll = async (seconds: number) => {
    vi.advanceTimersByTime(seconds * 1000);
    api.asked = [];
    await new TableCycle(model, model.events).run(false);
    return api.asked;
  };
  const change = (id: string, parts: string[], shown = NEWEST, detail = shown) =>
    api.rows.set(id, { shown, detail, parts });
  return { api, model, poll, change };
}

describe('polls of the parts of conversations', () => {
  it('read each detail once, those within the lookback again for its length, and no more', async () => {
    const { poll } = open(0, LOOKBACK, LOOKBACK + 1, 50_000);
    expect(await poll(0)).toEqual(['c0', 'c1', 'c2', 'c3']);
    const asked: [number, string[]][] = [];
    for (let second = 1; second < 200; second += 1) {
      const details = await poll(1);
      if (details.length > 0) asked.push([second, details]);
    }
    expect(asked.map(([second]) => second)).toEqual([1, 2, 4, 8, 16, 32, 60]);
    for (const [, details] of asked) expect(details).toEqual(['c0', 'c1']);
  });

  it('find a part that came in the second of the one before', async () => {
    const { model, poll, change } = open(0);
    await poll(0);
    change('c0', ['p0', 'late']);
    await poll(0.5);
    expect(model.records).toContain('rows late there');
  });

  it('read a conversation that was updated at once, and no other', async () => {
    const { model, poll, change } = open(5, 6);
    await poll(0);
    for (let second = 0; second < LOOKBACK; second += 1) await poll(1);
    expect(await poll(1)).toEqual([]);
    change('c1', ['p1', 'new']);
    expect(await poll(1)).toEqual(['c1']);
    expect(model.records.at(-1)).toBe('rows new there');
  });

  it('read a detail each time that is older than what the search shows', async () => {
    const { poll, change } = open(10);
    change('c0', ['p0'], NEWEST, NEWEST - 1);
    for (let second = 0; second < 100; second += 1) expect(await poll(1)).toEqual(['c0']);
    change('c0', ['p0']);
    for (let second = 0; second < 100; second += 1) await poll(1);
    expect(await poll(1)).toEqual([]);
  });

  it('read again what was not published', async () => {
    const { model, poll } = open(0);
    const { source } = model;
    const refused = new PublisherError('registry-unreachable', 'no');
    model.source = { ...source, prepare: () => Promise.reject(refused) };
    await expect(poll(0)).rejects.toBe(refused);
    await expect(poll(LOOKBACK)).rejects.toBe(refused);
    model.source = source;
    expect(await poll(1)).toEqual(['c0']);
    expect(model.records).toEqual(['rows p0 there']);
  });

  it('remember no more conversations than the lookback holds', async () => {
    const api = new Conversations();
    const read = new DetailsRead(LOOKBACK);
    for (let second = 0; second < 1_000; second += 1) {
      api.rows.set(`c${second}`, { shown: second, detail: second, parts: [] });
      const of = new IntercomApi(api, new AbortController().signal);
      for await (const { onAccepted } of pullChildren(PARTS, of, { from: second - LOOKBACK, to: null }, read))
        onAccepted?.();
    }
    expect(read.size).toBe(LOOKBACK + 1);
  });
});
