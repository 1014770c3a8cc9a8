import { afterEach, describe, expect, inject, it } from 'vitest';
import { TABLE_NAMES, type TableName } from '../../src/model/table-names.js';
import type { FaultKind } from '../../src/simulator/faults.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const CONVERSATIONS = 40;
const COUNTS = { contacts: 320, companies: 30, conversations: CONVERSATIONS, parts: 2 };

let project: Project;
afterEach(() => project.close());

async function open(retry: object): Promise<Project> {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: COUNTS, seed: 5 },
    connection: { retry: { timeout: '1s', ...retry } },
  });
  return project;
}

describe('an API that fails twice on each of its endpoints', () => {
  /** What every table but `companies` asks for; `capture.test.ts` breaks the scroll. */
  const routes = [
    'POST /contacts/search',
    'POST /conversations/search',
    'GET /conversations/*',
    'GET /admins',
    'GET /tags',
    'GET /teams',
    'GET /segments',
    'GET /data_attributes',
  ];
  const kinds: readonly FaultKind[] = [
    { kind: 'status', status: 500 },
    { kind: 'reset' },
    { kind: 'empty-200' },
    { kind: 'html', status: 502 },
    { kind: 'error-list-200' },
    { kind: 'hang' },
    { kind: 'truncated-json' },
    { kind: 'status', status: 429, retryAfter: 1 },
    { kind: 'status', status: 503 },
    { kind: 'reset-mid-body' },
    { kind: 'html' },
    { kind: 'slow-body', ms: 4_000 },
    { kind: 'status', status: 502 },
    { kind: 'html', status: 404 },
    { kind: 'status', status: 408 },
    { kind: 'slow', ms: 400 },
  ];

  it.each([0, 8])(
    'is asked again, and the cycle is complete (kinds of faults from number %i on)',
    async (first) => {
      const { simulator } = await open({});
      routes.forEach((route, index) => {
        const fault = kinds[(first + index) % kinds.length];
        if (fault !== undefined) simulator.faults.inject({ ...fault, match: { route }, times: 2 });
      });
      await project.cycle();
      expect(await problemsOf(project)).toEqual([]);
    },
  );
});

/** A fault of one table's route that lasts, and what the table says of it. */
interface Lasting {
  readonly table: TableName;
  readonly route: string;
  /** Requests of the route that are answered before the fault begins. */
  readonly after: number;
  readonly fault: FaultKind;
  readonly code: string;
  readonly message: string;
  /** Requests that meet the fault. */
  readonly requests: number;
}

const ATTEMPTS = 2;
const REFUSALS = 31;
const ADMINS = { table: 'admins', route: 'GET /admins', after: 0, requests: ATTEMPTS } as const;
const TAGS = { ...ADMINS, table: 'tags', route: 'GET /tags' } as const;
const TEAMS = { ...ADMINS, table: 'teams', route: 'GET /teams' } as const;
/** A control request follows the page: it fails too, so that it is the search that fails and not a row. */
const CONTACTS = {
  ...ADMINS,
  table: 'contacts',
  route: 'POST /contacts/search',
  after: 1,
  requests: ATTEMPTS + 1,
} as const;
/** Every detail behind the first 25: more than a handful. */
const PARTS = {
  ...ADMINS,
  table: 'conversation_parts',
  route: 'GET /conversations/*',
  after: 25,
  requests: (CONVERSATIONS - 25) * ATTEMPTS,
} as const;

const status = (code: number, retryAfter?: number): FaultKind => ({
  kind: 'status',
  status: code,
  ...(retryAfter === undefined ? {} : { retryAfter }),
});

const LASTING: readonly (readonly [string, readonly Lasting[]])[] = [
  [
    'server errors',
    [
      { ...CONTACTS, fault: status(500), code: 'api-error', message: '500 server_error' },
      { ...PARTS, fault: status(502), code: 'api-error', message: '502 server_error' },
      { ...TEAMS, fault: status(503), code: 'api-error', message: '503 service_unavailable' },
      { ...TAGS, fault: { kind: 'html', status: 502 }, code: 'api-error', message: 'GET /tags: 502' },
      { ...ADMINS, fault: { kind: 'error-list-200' }, code: 'api-error', message: '200 server_error' },
    ],
  ],
  [
    'connections that break',
    [
      { ...PARTS, fault: { kind: 'reset' }, code: 'api-unreachable', message: 'no usable answer' },
      {
        ...CONTACTS,
        fault: { kind: 'reset-mid-body' },
        code: 'api-unreachable',
        message: 'no usable answer',
      },
      { ...TEAMS, fault: { kind: 'hang' }, code: 'api-unreachable', message: 'Headers Timeout' },
      {
        ...ADMINS,
        fault: { kind: 'slow-body', ms: 8_000 },
        code: 'api-unreachable',
        message: 'Body Timeout',
      },
    ],
  ],
  [
    'replies that are none',
    [
      {
        ...CONTACTS,
        fault: { kind: 'empty-200' },
        code: 'api-unreadable',
        message: '200 with an empty body',
      },
      { ...TAGS, fault: { kind: 'html' }, code: 'api-unreadable', message: 'not a JSON object' },
      { ...PARTS, fault: { kind: 'truncated-json' }, code: 'api-unreadable', message: 'not a JSON object' },
    ],
  ],
  [
    'refusals, which are not asked again,',
    [
      {
        ...TEAMS,
        fault: status(403),
        code: 'api-forbidden',
        message: 'lacks the permission "Read admins"',
        requests: 1,
      },
      { ...CONTACTS, fault: status(400), code: 'api-rejected', message: '400 bad_request', requests: 1 },
    ],
  ],
  [
    '429',
    [{ ...TAGS, fault: status(429, 0), code: 'api-error', message: 'budget is used up', requests: REFUSALS }],
  ],
];

describe('an API that keeps answering some tables with', () => {
  it.each(LASTING)('%s costs each of them its cycle, and the others nothing', async (_, faulty) => {
    const { simulator } = await open({ attempts: ATTEMPTS });
    for (const { fault, route, after } of faulty)
      simulator.faults.inject({ ...fault, match: { route }, after });
    const { code: exit, stderr } = await project.command('run', '--once');
    expect(exit).toBe(1);
    expect(stderr).not.toMatch(/\n\s+at /);
    await Promise.all(faulty.map((each) => expectFailed(each, stderr)));
    const tables = new Set<TableName>(faulty.map(({ table }) => table));
    const others = TABLE_NAMES.filter((table) => !tables.has(table));
    expect(await problemsOf(project, { tables: others })).toEqual([]);
    simulator.faults.clear();
    await project.cycle();
    for (const [table, { error }] of await project.states()) expect(error, table).toBeNull();
    expect(await problemsOf(project)).toEqual([]);
  });
});

/** The table names its reason, was asked for as often as it should be, and keeps what was read before. */
async function expectFailed({ table, route, after, code, message, requests }: Lasting, stderr: string) {
  expect(stderr).toMatch(new RegExp(`failed: .*\\bacme/${table}\\b`));
  const state = (await project.states()).get(table);
  expect(state, table).toMatchObject({
    error: { code, message: expect.stringContaining(message) },
    bookmark: null,
    cycle: { finishedAt: null },
  });
  expect(project.simulator.traffic.count(route), table).toBe(after + requests);
  const committed = (await project.versions(table)).length;
  expect(committed > 0, table).toBe(after > 0);
  expect(committed, table).toBe(state?.records);
}
