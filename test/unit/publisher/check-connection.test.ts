/** What `check` says of a connection, over the simulator's HTTP. */

import { expect, it, onTestFinished } from 'vitest';
import { TABLE_NAMES } from '../../../src/model/table-names.js';
import { checkConnection } from '../../../src/publisher/check-connection.js';
import type { Finding } from '../../../src/publisher/finding.js';
import type { FaultKind } from '../../../src/simulator/faults.js';
import type { SimulatorSettings } from '../../../src/simulator/options.js';
import { type Simulator, startSimulator } from '../../../src/simulator/server.js';
import { parseConnection } from '../config/parse.js';

const COUNTS = { contacts: 5, companies: 3, conversations: 4 };

async function open(settings: SimulatorSettings = {}): Promise<Simulator> {
  const simulator = await startSimulator({ budget: null, counts: COUNTS, ...settings });
  onTestFinished(() => simulator.close());
  return simulator;
}

async function check({ url, options }: Simulator, keys: readonly string[] = []): Promise<Finding[]> {
  const connection = parseConnection([`baseUrl: ${url}`, ...keys].join('\n'));
  const credentials = { accessToken: options.accessToken };
  const found: Finding[] = [];
  for await (const finding of checkConnection({ ...connection, credentials })) found.push(finding);
  return found;
}

const FORBIDDEN = { kind: 'status', status: 403 } as const satisfies FaultKind;
const summary = (found: readonly Finding[]) =>
  found.map(({ what, error, message }) => `${what}: ${error?.code ?? message}`);
const ofTable = (found: readonly Finding[], table: string) =>
  found.find(({ what }) => what === `table acme/${table}`);

it('asks for each list once, with pages of one, and never opens the scroll', async () => {
  const simulator = await open();
  const rows: number[] = [];
  simulator.onReply = ({ route, body }) => {
    const { data, conversations } = body as { data?: unknown[]; conversations?: unknown[] };
    if (route.endsWith('/search') || route === 'POST /companies/list')
      rows.push((data ?? conversations ?? []).length);
  };
  const found = await check(simulator);
  expect(summary(found)).toEqual([
    'connection acme: workspace Simulated workspace, region US, time zone America/Los_Angeles',
    'tables of acme: 11 can be read',
  ]);
  expect(simulator.requests.map(({ route }) => route).sort()).toEqual([
    'GET /admins',
    'GET /conversations/*',
    'GET /data_attributes',
    'GET /data_attributes',
    'GET /me',
    'GET /segments',
    'GET /segments',
    'GET /tags',
    'GET /teams',
    'POST /companies/list',
    'POST /contacts/search',
    'POST /conversations/search',
  ]);
  expect(rows).toEqual([1, 1, 1]);
});

it('names what is missing for each table, and a refused table hides no other one', async () => {
  const simulator = await open();
  const { faults } = simulator;
  const scope = 'You do not have the required scope (read_conversations) to access this resource';
  faults.inject({ ...FORBIDDEN, match: 'POST /conversations/search', message: scope });
  faults.inject({ ...FORBIDDEN, match: 'GET /tags' });
  faults.inject({ kind: 'status', status: 401, match: 'GET /teams' });
  faults.inject({ kind: 'status', status: 404, match: 'GET /admins' });
  const found = await check(simulator);
  expect(summary(found)).toEqual([
    expect.stringContaining('connection acme: workspace'),
    'tables of acme: 6 of 11 can be read',
    'table acme/admins: api-not-found',
    'table acme/conversation_parts: api-forbidden',
    'table acme/conversations: api-forbidden',
    'table acme/tags: api-forbidden',
    'table acme/teams: credentials-refused',
  ]);
  expect(ofTable(found, 'conversations')?.message).toMatch(
    /^POST \/conversations\/search: 403 forbidden \(".*\(read_conversations\).*"\) \[request .*\]; the app lacks the permission "Read conversations": grant it in the Developer Hub \(your app → Configure → Authentication\) and renew the token .*, or leave the table out/,
  );
  expect(ofTable(found, 'tags')?.message).toContain('the permission "Read tags"');
  expect(ofTable(found, 'admins')?.message).toContain('compare apiVersion, or leave the table out');
  // Both tables failed by the same request.
  expect(simulator.traffic.count('POST /conversations/search')).toBe(1);
});

it('asks for the tables of the connection alone', async () => {
  const simulator = await open();
  const found = await check(simulator, ['tables: {tags: {}, conversations: {}}']);
  expect(summary(found).slice(1)).toEqual(['tables of acme: 2 can be read']);
  const routes = simulator.requests.map(({ route }) => route).sort();
  expect(routes).toEqual(['GET /me', 'GET /tags', 'POST /conversations/search']);
});

it('says what a plan does not include, once the workspace itself is answered', async () => {
  const simulator = await open();
  const plan = { code: 'api_plan_restricted', message: 'This is not enabled for your workspace.' };
  simulator.faults.inject({ ...FORBIDDEN, ...plan, match: 'GET /segments' });
  const found = await check(simulator);
  expect(summary(found).slice(1)).toEqual([
    'tables of acme: 9 of 11 can be read',
    'table acme/company_segments: plan-restricted',
    'table acme/segments: plan-restricted',
  ]);
  expect(ofTable(found, 'segments')?.message).toMatch(
    /\("This is not enabled for your workspace\."\).*its plan does not include this table: leave the table out/,
  );
});

it.each([
  ['a refused token', { kind: 'status', status: 401 }, 'credentials-refused'],
  ['a lapsed subscription', { ...FORBIDDEN, code: 'api_plan_restricted' }, 'plan-restricted'],
  ['an API that is down', { kind: 'status', status: 503 }, 'api-error'],
] as const)('says %s once, and asks for no table', async (_, fault, code) => {
  const simulator = await open();
  simulator.faults.inject(fault);
  expect(summary(await check(simulator))).toEqual([`connection acme: ${code}`]);
  expect(new Set(simulator.requests.map(({ route }) => route))).toEqual(new Set(['GET /me']));
});

it('asks for the tables where the workspace itself may not be read', async () => {
  const simulator = await open();
  simulator.faults.inject({ ...FORBIDDEN, match: 'GET /me' });
  expect(summary(await check(simulator))).toEqual([
    'connection acme: api-forbidden',
    'tables of acme: 11 can be read',
  ]);
});

it.each([
  ['that is broken does not fail its table', { kind: 'status', status: 500 } as const, []],
  ['that is gone does not fail its table', { kind: 'status', status: 404 } as const, []],
  ['that may not be read does', FORBIDDEN, ['table acme/conversation_parts: api-forbidden']],
])('a conversation %s', async (_, fault, failed) => {
  const simulator = await open();
  simulator.faults.inject({ ...fault, match: /^GET \/conversations\/\d+$/ });
  expect(summary((await check(simulator)).slice(2))).toEqual(failed);
});

it('a workspace without rows can be read', async () => {
  const simulator = await open({ counts: { contacts: 0, companies: 0, conversations: 0 } });
  const found = await check(simulator);
  expect(summary(found).slice(1)).toEqual([`tables of acme: ${TABLE_NAMES.length} can be read`]);
});

it('stays within the budget', async () => {
  const simulator = await open({ budget: { limit: 5, windowSeconds: 1 } });
  const found = await check(simulator);
  expect(summary(found).slice(1)).toEqual(['tables of acme: 11 can be read']);
  expect(simulator.traffic.count(undefined, 429)).toBe(0);
});
