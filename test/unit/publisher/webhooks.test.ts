import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import type { ConnectionConfig } from '../../../src/config/config.js';
import { startServer } from '../../../src/http/server.js';
import { Events } from '../../../src/model/events.js';
import type { Hint } from '../../../src/model/hint.js';
import { webhookRoutes } from '../../../src/publisher/webhooks.js';
import { notification, notify } from '../../support/notify.js';

const SECRET = 'the client secret';
const MOST_AT_ONCE = 100;
const body = notification('contact.user.updated', { type: 'contact', id: 'c1', name: 'Somebody' });

/**
 * A server that keeps notifications as `keep` does, for one connection with a client secret and one without.
 */
async function open(store: (connection: string, hint: Hint) => Promise<void>) {
  const connections = [
    { name: 'acme', credentials: { accessToken: 'a', clientSecret: SECRET } },
    { name: 'plain', credentials: { accessToken: 'a' } },
  ] as unknown as ConnectionConfig[];
  const events = new Events();
  const answered: unknown[] = [];
  events.on('webhook:answered', (event) => answered.push(event));
  const routes = webhookRoutes({ connections: () => connections, store, events });
  const auth = { username: 'u', password: 'p' };
  const server = await startServer({ host: '127.0.0.1', port: 0, auth }, routes);
  onTestFinished(() => server.close());
  return { url: server.url, answered, send: () => notify(server.url, SECRET, body) };
}

it('answers once the hint is kept, and keeps nothing of the content', async () => {
  const kept: unknown[] = [];
  const { send, answered } = await open(async (...each) => {
    kept.push(each);
  });
  expect((await send()).status).toBe(200);
  expect(kept).toEqual([['acme', { contact: ['c1'], conversation: [], company: [], ticket: [] }]]);
  expect(answered).toMatchObject([{ connection: 'acme', topic: 'contact.user.updated', status: 200 }]);
  expect(JSON.stringify(answered)).not.toContain('Somebody');
});

it.each([
  ['acme', 200],
  ['plain', 200],
  ['nobody', 404],
])(
  'answers HEAD of the address of %s, which Intercom checks before it saves it, with %i',
  async (name, status) => {
    const { url, answered } = await open(async () => expect.unreachable('it was kept'));
    const answer = await fetch(`${url}/webhooks/${name}`, { method: 'HEAD' });
    expect([answer.status, await answer.text()]).toEqual([status, '']);
    expect((await fetch(`${url}/webhooks/${name}`)).status).toBe(401);
    expect(answered).toEqual([]);
  },
);

it('answers 429 while too many are on their way, and takes them again afterwards', async () => {
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let waiting = 0;
  const { send, url } = await open(() => {
    waiting += 1;
    return gate;
  });
  const first = Array.from({ length: MOST_AT_ONCE }, send);
  await expect.poll(() => waiting).toBe(MOST_AT_ONCE);
  expect((await send()).status).toBe(429);
  expect((await notify(url, 'another secret', body)).status).toBe(401);
  release();
  expect((await Promise.all(first)).every(({ status }) => status === 200)).toBe(true);
  expect((await send()).status).toBe(200);
});

it('answers 503 when it can’t be kept, also when that takes too long', async () => {
  const { send } = await open(() => Promise.reject(new Error('hush')));
  expect((await send()).status).toBe(503);
  const { send: sendAgain } = await open(() => new Promise(() => {}));
  const { status, ms } = await sendAgain();
  expect(status).toBe(503);
  expect(ms).toBeLessThan(5_000);
});

it('believes nobody where there is no client secret', async () => {
  const { url } = await open(async () => expect.unreachable('it was kept'));
  for (const secret of ['', 'undefined', SECRET])
    expect((await notify(url, secret, body, {}, 'plain')).status).toBe(401);
});

it('holds only so many bodies at once, and none of whoever can’t be believed', async () => {
  const { url, send } = await open(async () => undefined);
  const { hostname, port } = new URL(url);
  const MIB = 1024 * 1024;
  /** Sends all of a body but its last byte. */
  const begin = async (connection: string, signature: Record<string, string>, bytes: number) => {
    const path = `/webhooks/${connection}`;
    const headers = { 'content-length': bytes, ...signature };
    const sending = request({ hostname, port, path, method: 'POST', headers });
    const answered = once(sending, 'response').then(([response]) => (response as IncomingMessage).statusCode);
    await new Promise((resolve) => sending.write(Buffer.alloc(bytes - 1), resolve));
    return { end: () => sending.end('x'), answered };
  };
  const forged = { 'x-hub-signature': 'sha1=00' };
  const held = await Promise.all(Array.from({ length: 16 }, () => begin('acme', forged, 4 * MIB)));
  const ignored = await Promise.all([
    ...Array.from({ length: 4 }, () => begin('plain', forged, 4 * MIB)),
    ...Array.from({ length: 4 }, () => begin('acme', {}, 4 * MIB)),
  ]);
  await expect.poll(async () => (await send()).status).toBe(429);
  for (const { end } of [...held, ...ignored]) end();
  const answers = await Promise.all([...held, ...ignored].map(({ answered }) => answered));
  expect(answers).toEqual(answers.map(() => 401));
  expect((await send()).status).toBe(200);
});
