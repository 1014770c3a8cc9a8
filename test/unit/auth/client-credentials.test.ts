/** The token of an OAuth client, from an endpoint over HTTP. Its tokens live for 300 s. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClientToken } from '../../../src/auth/client-credentials.js';
import { TokenEndpoint } from '../../support/token-endpoint.js';

const CLIENT = { clientId: 'publisher', clientSecret: 'secret' };
const FAILURES = [
  { status: 503, body: '' },
  { status: 401, body: '{"error":"invalid_client"}' },
  { status: 200, body: '<html>' },
];

let endpoint: TokenEndpoint;
let token: ClientToken;
beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date', 'performance'], now: Date.parse('2026-01-01T00:00:00Z') });
  endpoint = await TokenEndpoint.start(CLIENT);
  const use = { code: 'registry-unreachable', setting: 'schemaRegistry.auth' } as const;
  token = new ClientToken({ ...CLIENT, tokenEndpoint: endpoint.url, scope: null }, use);
});
afterEach(async () => {
  vi.useRealTimers();
  await endpoint.close();
});

const pass = (seconds: number) => void vi.advanceTimersByTime(seconds * 1_000);
const refused = { code: 'registry-unreachable', message: expect.stringContaining('schemaRegistry.auth') };

describe('value', () => {
  it('is one token until 80 % of its lifetime, then another one', async () => {
    const first = await token.value();
    pass(239);
    expect(await token.value()).toBe(first);
    expect(endpoint.granted).toHaveLength(1);
    pass(1);
    expect(await token.value()).not.toBe(first);
    expect(endpoint.granted).toHaveLength(2);
  });

  it('is requested once for callers that need it at the same time', async () => {
    const values = await Promise.all([token.value(), token.value(), token.value()]);
    expect(new Set(values).size).toBe(1);
    expect(endpoint.granted).toHaveLength(1);
  });

  it.each(FAILURES)(
    'is the old token until its end while the endpoint answers $status $body',
    async (failure) => {
      const first = await token.value();
      endpoint.instead = failure;
      for (const seconds of [240, 30, 29]) {
        pass(seconds);
        expect(await token.value()).toBe(first);
      }
      pass(1);
      await expect(token.value()).rejects.toMatchObject(refused);
      endpoint.instead = null;
      expect(await token.value()).not.toBe(first);
    },
  );

  it('is requested each ten seconds while the endpoint fails, and replaced as soon as it answers', async () => {
    const first = await token.value();
    endpoint.instead = { status: 503, body: '' };
    pass(240);
    expect(await token.value()).toBe(first);
    endpoint.instead = null;
    pass(9);
    expect(await token.value()).toBe(first);
    pass(1);
    expect(await token.value()).not.toBe(first);
    expect(endpoint.granted).toHaveLength(2);
  });

  it('is another one after the server has refused it, also while the endpoint fails', async () => {
    await token.value();
    endpoint.instead = { status: 503, body: '' };
    token.forget();
    await expect(token.value()).rejects.toMatchObject(refused);
  });

  it('is replaced in time where the clock was set back meanwhile', async () => {
    const first = await token.value();
    pass(120);
    vi.setSystemTime(Date.now() - 3_600_000);
    pass(119);
    expect(await token.value()).toBe(first);
    pass(1);
    expect(await token.value()).not.toBe(first);
  });

  it('is replaced at once where the machine was suspended meanwhile', async () => {
    const first = await token.value();
    vi.setSystemTime(Date.now() + 3_600_000);
    expect(await token.value()).not.toBe(first);
  });
});
