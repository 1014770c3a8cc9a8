/** Each fault as an HTTP client sees it, and which requests it meets. */

import { describe, expect, it } from 'vitest';
import type { Fault, FaultKind } from '../../../src/simulator/faults.js';
import { refusal, simulate } from '../../support/simulator.js';

const COUNTS = { contacts: 5, companies: 5, conversations: 5 };

/** A workspace whose next request meets the fault. */
async function spoilt(fault: FaultKind) {
  const started = await simulate({ counts: COUNTS });
  started.simulator.faults.inject({ ...fault, times: 1 });
  return started;
}

/** Which of the statuses 200 and 500 ten requests get. */
async function meet(fault: Partial<Fault>, seed = 1): Promise<string> {
  const { simulator, client } = await simulate({ counts: COUNTS, seed });
  simulator.faults.inject({ kind: 'status', status: 500, ...fault } as Fault);
  let met = '';
  for (let n = 0; n < 10; n += 1) met += (await client.get('/tags')).status === 500 ? 'x' : '.';
  return met;
}

describe('a fault', () => {
  it.each([
    [500, 'server_error'],
    [502, 'server_error'],
    [503, 'service_unavailable'],
    [429, 'rate_limit_exceeded'],
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not_found'],
  ])('of status %i is an error list', async (status, code) => {
    const { client } = await spoilt({ kind: 'status', status });
    const answer = await client.get('/tags');
    expect(refusal(answer)).toBe(`${status} ${code}`);
    expect(answer.headers.get('retry-after')).toBeNull();
  });

  it('of a status can say when to come again', async () => {
    const { client } = await spoilt({ kind: 'status', status: 429, retryAfter: 7 });
    expect((await client.get('/tags')).headers.get('retry-after')).toBe('7');
  });

  it('ends the connection before a reply', async () => {
    const { simulator } = await spoilt({ kind: 'reset' });
    await expect(fetch(`${simulator.url}/tags`)).rejects.toThrow('fetch failed');
  });

  it('ends the connection in the middle of the reply', async () => {
    const { simulator } = await spoilt({ kind: 'reset-mid-body' });
    const headers = { authorization: 'Bearer simulated-token' };
    const response = await fetch(`${simulator.url}/tags`, { headers });
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow('terminated');
  });

  it('sends nothing with a 200', async () => {
    const { client } = await spoilt({ kind: 'empty-200' });
    expect(await client.get('/tags')).toMatchObject({ status: 200, text: '' });
  });

  it('sends a page for people', async () => {
    const { client } = await spoilt({ kind: 'html' });
    const answer = await client.get('/tags');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/html');
    expect(answer.text).toMatch(/^<html>/);
  });

  it('sends the page of a server in front of the API, with its status', async () => {
    const { simulator, client } = await spoilt({ kind: 'html', status: 404 });
    const answer = await client.get('/tags');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html']);
    expect(simulator.requests.map(({ status }) => status)).toEqual([404]);
  });

  it('cuts the JSON', async () => {
    const { client } = await spoilt({ kind: 'truncated-json' });
    const cut = await client.get('/tags');
    const whole = await client.get('/tags');
    expect(cut.status).toBe(200);
    expect(cut.headers.get('content-type')).toContain('application/json');
    expect(whole.text.startsWith(cut.text)).toBe(true);
    expect(() => JSON.parse(cut.text)).toThrow(SyntaxError);
  });

  it('sends an error list with a 200', async () => {
    const { client } = await spoilt({ kind: 'error-list-200' });
    expect(refusal(await client.get('/tags'))).toBe('200 server_error');
  });

  it('sends the reply of another row', async () => {
    const { client } = await spoilt({ kind: 'other-id', id: 'x' });
    const [other, own] = [await client.get('/tags'), await client.get('/tags')];
    expect(other).toMatchObject({
      status: 200,
      json: { id: 'x', data: (own.json as { data: unknown }).data },
    });
  });

  it('sends a page that says something else of the next one', async () => {
    const { client } = await spoilt({ kind: 'next', next: false });
    const [other, own] = [await client.get('/tags'), await client.get('/tags')];
    expect(other.json).toEqual({ ...(own.json as object), pages: { next: false } });
  });

  it('makes the right reply late', async () => {
    const { client } = await spoilt({ kind: 'slow', ms: 60 });
    const begin = performance.now();
    const answer = await client.get('/tags');
    expect(performance.now() - begin).toBeGreaterThan(50);
    expect(answer.json).toEqual((await client.get('/tags')).json);
  });

  it('never answers, while others are answered', async () => {
    const { simulator, client } = await spoilt({ kind: 'hang' });
    const hanging = fetch(`${simulator.url}/tags`, { signal: AbortSignal.timeout(100) });
    const refused = expect(hanging).rejects.toThrow('timeout');
    await expect.poll(() => simulator.requests.length).toBe(1);
    expect((await client.get('/tags')).status).toBe(200);
    await refused;
  });

  it('ends with the simulator when nobody else ends it', async () => {
    const { simulator } = await spoilt({ kind: 'hang' });
    const { url } = simulator;
    const hanging = expect(fetch(`${url}/tags`)).rejects.toThrow('fetch failed');
    await expect.poll(() => simulator.requests.length).toBe(1);
    await simulator.close();
    await hanging;
    await expect(fetch(`${url}/tags`)).rejects.toThrow('fetch failed');
  });
});

describe('a fault meets', () => {
  it('every request, or as many as it is told, or those after the first ones', async () => {
    expect(await meet({})).toBe('xxxxxxxxxx');
    expect(await meet({ times: 2 })).toBe('xx........');
    expect(await meet({ after: 3 })).toBe('...xxxxxxx');
    expect(await meet({ after: 3, times: 1 })).toBe('...x......');
  });

  it('requests at random, the same ones for the same seed', async () => {
    const met = await meet({ probability: 0.5 });
    expect(met).toMatch(/x.*\.|\..*x/);
    expect(await meet({ probability: 0.5 })).toBe(met);
    expect(await meet({ probability: 0.5 }, 2)).not.toBe(met);
  });

  it('the requests that match', async () => {
    const { simulator, client } = await simulate({ counts: COUNTS });
    simulator.faults.inject({ kind: 'status', status: 500, match: '/tags' });
    simulator.faults.inject({ kind: 'status', status: 503, match: /^POST .*search$/ });
    const statuses = async () => [
      (await client.get('/tags')).status,
      (await client.get('/teams')).status,
      (await client.post('/contacts/search')).status,
      (await client.get('/contacts')).status,
    ];
    expect(await statuses()).toEqual([500, 200, 503, 200]);
    simulator.faults.clear();
    expect(await statuses()).toEqual([200, 200, 400, 200]);
  });
});
