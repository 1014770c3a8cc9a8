import { describe, expect, it } from 'vitest';
import { type Answer, Client, refusal, simulate } from '../../support/simulator.js';

const SETTINGS = {
  counts: { contacts: 1, companies: 1, conversations: 1 },
  clientId: 'an id',
  clientSecret: 'a secret & more',
  accessToken: 'the token',
};
const REDIRECT = 'http://127.0.0.1:9999/callback?from=here';

async function authorized() {
  const { simulator, client } = await simulate(SETTINGS);
  const authorize = (query: Readonly<Record<string, string>>) =>
    fetch(`${simulator.url}/oauth?${new URLSearchParams(query)}`, { redirect: 'manual' });
  const page = await authorize({ client_id: 'an id', state: 'a&b', redirect_uri: REDIRECT });
  const target = new URL(page.headers.get('location') ?? '');
  const form = {
    code: target.searchParams.get('code') ?? '',
    client_id: 'an id',
    client_secret: 'a secret & more',
  };
  const exchange = (values: object) => client.post('/auth/eagle/token', values);
  return { simulator, authorize, page, target, form, exchange };
}

function tokens({ status, json }: Answer) {
  return { status, json };
}

const GRANTED = {
  status: 200,
  json: { token_type: 'Bearer', token: 'the token', access_token: 'the token' },
};

describe('the authorization', () => {
  it('sends the browser back with a code and the state', async () => {
    const { page, target, form } = await authorized();
    expect(page.status).toBe(302);
    expect(`${target.origin}${target.pathname}`).toBe('http://127.0.0.1:9999/callback');
    expect(Object.fromEntries(target.searchParams)).toEqual({ from: 'here', state: 'a&b', code: form.code });
    expect(form.code).not.toBe('');
  });

  it('knows its clients', async () => {
    const { authorize } = await authorized();
    const page = await authorize({ client_id: 'another', redirect_uri: REDIRECT });
    expect([page.status, page.headers.get('location')]).toEqual([401, null]);
  });

  it('gives the token for a code that is sent as JSON', async () => {
    const { simulator, form, exchange } = await authorized();
    expect(tokens(await exchange(form))).toEqual(GRANTED);
    expect((await new Client(simulator.url, { token: 'the token' }).get('/me')).status).toBe(200);
  });

  it('gives the token for a code that is sent as a form', async () => {
    const { simulator, form } = await authorized();
    const body = new URLSearchParams(form);
    const response = await fetch(`${simulator.url}/auth/eagle/token`, { method: 'POST', body });
    expect({ status: response.status, json: await response.json() }).toEqual(GRANTED);
  });

  it('takes a code once', async () => {
    const { form, exchange } = await authorized();
    await exchange(form);
    expect(refusal(await exchange(form))).toBe('401 unauthorized');
  });

  it.each([
    ['secret', { client_secret: 'a guess' }],
    ['client', { client_id: 'another' }],
    ['code', { code: 'made up' }],
  ])('refuses a wrong %s', async (_, wrong) => {
    const { form, exchange } = await authorized();
    expect(refusal(await exchange({ ...form, ...wrong }))).toBe('401 unauthorized');
  });
});
