import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { Script } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { textReply } from '../../../src/http/routes.js';
import { type HttpSettings, startServer } from '../../../src/http/server.js';
import { Events } from '../../../src/model/events.js';
import { observerRoutes } from '../../../src/observe/routes.js';
import type { Status } from '../../../src/observe/status.js';
import { AT, day, failure, own } from './happenings.js';

const BROWSER = fileURLToPath(new URL('../../../src/observe/browser', import.meta.url));
const LOOPBACK: HttpSettings = { host: '127.0.0.1', port: 0, auth: null };

async function served(settings: Partial<HttpSettings> = {}, name = 'acme') {
  const events = new Events();
  const connections = [{ name, tables: [{ name: 'contacts', schedule: null }] }] as const;
  const routes = observerRoutes({
    events,
    version: '1.2.3',
    connections: () => connections,
    ping: async () => undefined,
    nextTime: () => 0,
  });
  const server = await startServer({ ...LOOPBACK, ...settings }, routes);
  onTestFinished(() => server.close());
  return { events, ask: (path: string, init: RequestInit = {}) => fetch(`${server.url}${path}`, init) };
}

const PATHS = ['/', '/healthz', '/readyz', '/metrics', '/api/status', '/nothing'];

it.each(PATHS)('%s carries the security headers', async (path) => {
  const { headers } = await (await served()).ask(path);
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'/);
  expect(headers.get('content-security-policy')).not.toContain('unsafe');
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

it.each(PATHS)('HEAD %s answers as GET does, without a body', async (path) => {
  const { events, ask } = await served();
  events.emit('instance:assigned', { connections: [] });
  const [get, head] = await Promise.all([ask(path), ask(path, { method: 'HEAD' })]);
  expect(head.status).toBe(get.status);
  expect(head.headers.get('content-type')).toBe(get.headers.get('content-type'));
  expect(await head.text()).toBe('');
});

it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is not for looking', async (method) => {
  const { ask } = await served();
  const answer = await ask('/metrics', { method });
  expect(answer.status).toBe(405);
  expect(answer.headers.get('allow')).toBe('GET, HEAD');
});

it.each(['/nothing', '/metrics/', '/../package.json', '/%2e%2e/package.json', '//', '/api/status/x'])(
  '%s is not there',
  async (path) => {
    expect((await (await served()).ask(path)).status).toBe(404);
  },
);

it('takes a query', async () => {
  expect((await (await served()).ask('/healthz?probe=1')).status).toBe(200);
});

it('survives what is no HTTP', async () => {
  const server = await startServer(LOOPBACK, []);
  onTestFinished(() => server.close());
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.end('\u0000\u0001nonsense\r\n\r\n');
  expect(await text(socket)).toContain('400 Bad Request');
  expect((await fetch(server.url)).status).toBe(404);
});

it('hides why an answer failed', async () => {
  const handle = async () => {
    throw new Error('secret');
  };
  const server = await startServer(LOOPBACK, [{ method: 'GET', path: '/', handle }]);
  onTestFinished(() => server.close());
  const answer = await fetch(server.url);
  expect(answer.status).toBe(500);
  expect(await answer.text()).not.toContain('secret');
});

it('hands a segment of the path to its route', async () => {
  const server = await startServer(LOOPBACK, [
    {
      method: 'POST',
      path: '/webhooks/{connection}',
      handle: async (_, { connection = '' }) => textReply(200, connection),
    },
  ]);
  onTestFinished(() => server.close());
  const answer = await fetch(`${server.url}/webhooks/acme`, { method: 'POST' });
  expect(await answer.text()).toBe('acme\n');
  expect((await fetch(`${server.url}/webhooks/`, { method: 'POST' })).status).toBe(404);
  expect((await fetch(`${server.url}/webhooks/acme`)).headers.get('allow')).toBe('POST');
});

it('says which address is taken', async () => {
  const first = await startServer(LOOPBACK, []);
  onTestFinished(() => first.close());
  const port = Number(new URL(first.url).port);
  const second = startServer({ ...LOOPBACK, port }, []);
  await expect(second).rejects.toMatchObject({
    code: 'http-unavailable',
    message: expect.stringContaining(`127.0.0.1:${port}: something else listens there`),
  });
});

describe('health', () => {
  it('is alive from the start, and ready once restored', async () => {
    const { events, ask } = await served();
    expect((await ask('/healthz')).status).toBe(200);
    const before = await ask('/readyz');
    expect([before.status, await before.text()]).toEqual([503, 'no connections assigned yet\n']);
    own(events);
    expect((await ask('/readyz')).status).toBe(200);
  });
});

describe('basic authentication', () => {
  const auth = { username: 'ada', password: 'p:ä"s' };
  const basic = (credentials: string) => ({
    headers: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
  });

  it.each(['/', '/metrics', '/api/status', '/nothing'])('guards %s', async (path) => {
    const { ask } = await served({ auth });
    const refused = await Promise.all([
      ask(path),
      ask(path, basic('ada:wrong')),
      ask(path, basic('')),
      ask(path, { headers: { authorization: 'Bearer x' } }),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([401, 401, 401, 401]);
    expect(refused[0]?.headers.get('www-authenticate')).toContain('Basic');
    expect((await ask(path, basic('ada:p:ä"s'))).status).toBe(path === '/nothing' ? 404 : 200);
  });

  it.each(['/healthz', '/readyz'])('leaves %s to probes', async (path) => {
    expect((await (await served({ auth })).ask(path)).status).not.toBe(401);
  });
});

describe('the page', () => {
  it('may run its own script and style, and nothing else', async () => {
    const answer = await (await served()).ask('/');
    const policy = answer.headers.get('content-security-policy') ?? '';
    const html = await answer.text();
    for (const element of ['script', 'style']) {
      const [, content = ''] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(html) ?? [];
      const hash = createHash('sha256').update(content).digest('base64');
      expect(policy).toContain(`${element}-src 'sha256-${hash}'`);
    }
    expect(html).not.toMatch(/<[^>]+\s(?:on\w+|style)=/);
    expect(html).not.toMatch(/https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(html).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/);
  });

  it('has a script that a browser can read, of all its modules', async () => {
    const html = await (await (await served()).ask('/')).text();
    const [, script = ''] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? [];
    expect(() => new Script(script)).not.toThrow();
    expect(script).not.toMatch(/^(import|export) /m);
    const names = (text: string) => [...text.matchAll(/^(?:export )?(?:async )?(?:function|class) (\w+)/gm)];
    const modules = readdirSync(BROWSER).map((file) => readFileSync(join(BROWSER, file), 'utf8'));
    for (const [, name] of modules.flatMap(names))
      expect(script).toMatch(new RegExp(`^(async )?(function|class) ${name}\\b`, 'm'));
  });

  it('holds nothing from outside itself, whatever it is called', async () => {
    const { ask } = await served({}, '</script><script>alert(1)</script>');
    expect(await (await ask('/')).text()).not.toContain('alert(1)');
    const answer = await ask('/api/status');
    expect(answer.headers.get('content-type')).toContain('application/json');
  });
});

it('tells how a table is doing as JSON', async () => {
  const { events, ask } = await served();
  day(events);
  expect(await (await ask('/api/status')).json()).toMatchObject({
    version: '1.2.3',
    ready: true,
    connections: [
      {
        name: 'acme',
        state: 'owned',
        budget: { used: 7, limit: 100 },
        tables: [{ name: 'contacts', state: 'ok', records: 10, deletes: 8, deadLetters: 4, error: null }],
      },
    ],
  });
});

it('answers what changed since the revision that a client names', async () => {
  const { events, ask } = await served();
  const read = async (query: string) => (await (await ask(`/api/status${query}`)).json()) as Status;
  day(events);
  const first = await read('');
  expect(first.complete).toBe(true);
  const query = `?since=${encodeURIComponent(first.revision)}`;
  expect(await read(query)).toMatchObject({ complete: false, connections: [] });
  events.emit('table:failed', { ...AT, error: failure('api-error', 'broken') });
  expect(await read(query)).toMatchObject({
    complete: false,
    connections: [{ name: 'acme', tables: [{ name: 'contacts', error: { message: 'broken' } }] }],
  });
  for (const since of ['', '0', 'nonsense', `${first.revision}0`, 'aaaaaaaaaaaa-1-1', '%E0%A4%A'])
    expect((await read(`?since=${since}`)).complete).toBe(true);
});
