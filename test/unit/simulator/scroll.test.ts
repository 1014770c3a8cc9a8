import { describe, expect, it } from 'vitest';
import type { SimulatorSettings } from '../../../src/simulator/options.js';
import { type Answer, idsOf, NOW, refusal, rowsIn, simulate } from '../../support/simulator.js';

/** 25 companies in pages of ten, under a clock that the test moves. */
async function companies(settings: SimulatorSettings = {}) {
  const clock = { now: NOW };
  const started = await simulate({
    now: () => clock.now,
    counts: { companies: 25 },
    scrollPageSize: 10,
    ...settings,
  });
  const { client } = started;
  const next = (param: unknown) => client.get(`/companies/scroll?scroll_param=${param}`);
  return { ...started, clock, start: () => client.get('/companies/scroll'), next };
}

const idsIn = (answer: Answer) => idsOf(rowsIn(answer));
const PAGE = { type: 'list', pages: null, total_count: null };

describe('the companies scroll', () => {
  it('returns all companies with one and the same parameter', async () => {
    const { simulator, start, next } = await companies();
    const first = await start();
    const param = first.json.scroll_param;
    const pages = [first, await next(param), await next(param)];
    expect(pages.map(({ json }) => json)).toEqual(
      pages.map(() => expect.objectContaining({ ...PAGE, scroll_param: param })),
    );
    expect(pages.map((page) => rowsIn(page).length)).toEqual([10, 10, 5]);
    const all = idsOf(simulator.workspace.rows('companies'));
    expect(new Set(pages.flatMap(idsIn))).toEqual(new Set(all));
  });

  it.each([25, 20])('ends %i companies with an empty page, and the parameter with it', async (count) => {
    const { start, next } = await companies({ counts: { companies: count } });
    const param = (await start()).json.scroll_param;
    await next(param);
    if (count > 20) await next(param);
    const end = await next(param);
    expect(end).toMatchObject({ status: 200, json: { ...PAGE, data: [] } });
    expect(refusal(await next(param))).toBe('404 not_found');
    expect(idsIn(await start())).toHaveLength(10);
  });

  it('ends with a 404 where it is told to', async () => {
    const { start, next } = await companies({ scrollEnd: '404' });
    const param = (await start()).json.scroll_param;
    await next(param);
    await next(param);
    expect(refusal(await next(param))).toBe('404 not_found');
    expect(idsIn(await start())).toHaveLength(10);
  });

  it('is one at a time, and a refused start leaves the open one where it is', async () => {
    const { start, next } = await companies();
    const param = (await start()).json.scroll_param;
    expect(refusal(await start())).toBe('400 scroll_exists');
    expect(refusal(await next('00000000-0000-0000-0000-000000000000'))).toBe('404 not_found');
    expect(idsIn(await next(param))).toHaveLength(10);
    expect(idsIn(await next(param))).toHaveLength(5);
  });

  it('waits for another app that holds it', async () => {
    const { simulator, clock, start } = await companies();
    simulator.scroll.heldUntil = NOW + 30;
    expect(refusal(await start())).toBe('400 scroll_exists');
    clock.now += 30;
    expect((await start()).status).toBe(200);
  });

  it('expires after a minute unused, and every use begins the minute anew', async () => {
    const { clock, start, next } = await companies();
    const param = (await start()).json.scroll_param;
    clock.now += 59;
    expect(idsIn(await next(param))).toHaveLength(10);
    clock.now += 59;
    expect(refusal(await start())).toBe('400 scroll_exists');
    clock.now += 1;
    expect(refusal(await next(param))).toBe('404 not_found');
    const again = await start();
    expect(idsIn(again)).toHaveLength(10);
    expect(again.json.scroll_param).not.toBe(param);
  });

  it('moves on although the reply was lost: its page can’t be asked for again', async () => {
    const { simulator, start, next } = await companies();
    const first = await start();
    const param = first.json.scroll_param;
    simulator.faults.inject({ kind: 'reset', match: '/companies/scroll', times: 1, carriedOut: true });
    await expect(next(param)).rejects.toThrow('fetch failed');
    const third = await next(param);
    expect(idsIn(third)).toHaveLength(5);
    const seen = new Set([...idsIn(first), ...idsIn(third)]);
    const all = idsOf(simulator.workspace.rows('companies'));
    expect(all.filter((id) => !seen.has(id))).toHaveLength(10);
  });

  it('stays where it is when the request itself was lost', async () => {
    const { simulator, start, next } = await companies();
    const param = (await start()).json.scroll_param;
    simulator.faults.inject({ kind: 'status', status: 500, match: '/companies/scroll', times: 1 });
    expect(refusal(await next(param))).toBe('500 server_error');
    expect(idsIn(await next(param))).toHaveLength(10);
    expect(idsIn(await next(param))).toHaveLength(5);
  });

  it('leaves out what was removed since it began', async () => {
    const { simulator, start, next } = await companies();
    const first = await start();
    const unread = idsOf(simulator.workspace.rows('companies')).filter((id) => !idsIn(first).includes(id));
    const [gone = ''] = unread;
    simulator.workspace.remove('companies', gone);
    const param = first.json.scroll_param;
    const rest = [...idsIn(await next(param)), ...idsIn(await next(param))];
    expect(new Set(rest)).toEqual(new Set(unread.slice(1)));
  });
});
