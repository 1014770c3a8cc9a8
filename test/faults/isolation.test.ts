/** One publisher, many connections, each with a trouble of its own: whoever has none must not feel it. */

import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it, vi } from 'vitest';
import type { UsualTableName } from '../../src/model/table-names.js';
import { Fleet, type FleetConnection, ownedBy } from '../support/fleet.js';

const TABLES: readonly UsualTableName[] = ['contacts', 'companies', 'tags'];
const POLL_MS = 1_000;

/** What goes wrong with a workspace, and the words that say so in the state of a table. */
const TROUBLES: Record<
  string,
  { bring(trouble: FleetConnection): void; table: UsualTableName; says: RegExp }
> = {
  'revoked token': {
    bring: ({ simulator }) => simulator.faults.inject({ kind: 'status', status: 401 }),
    table: 'contacts',
    says: /access token was refused/,
  },
  'API that breaks connections': {
    bring: ({ simulator }) => simulator.faults.inject({ kind: 'reset' }),
    table: 'contacts',
    says: /no usable answer/,
  },
  'API that never answers': {
    bring: ({ simulator }) => simulator.faults.inject({ kind: 'hang' }),
    table: 'contacts',
    says: /no usable answer/,
  },
  'budget that is used up': {
    bring: ({ simulator }) => simulator.faults.inject({ kind: 'status', status: 429, retryAfter: 1 }),
    table: 'contacts',
    says: /budget/,
  },
  'gateway that answers with pages': {
    bring: ({ simulator }) => simulator.faults.inject({ kind: 'html', status: 502 }),
    table: 'contacts',
    says: /502/,
  },
  // Last: it is waited for longest.
  'scroll held': {
    bring: ({ simulator }) => {
      simulator.scroll.heldUntil = simulator.options.now() + 3_600;
    },
    table: 'companies',
    says: /only companies scroll/,
  },
};

let fleet: Fleet;
let healthy: readonly FleetConnection[];

beforeAll(async () => {
  const troubles = Object.keys(TROUBLES).length;
  fleet = await Fleet.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    connections: troubles + 2,
    simulator: (seed) => ({ seed, counts: { contacts: 40, companies: 25, conversations: 0, parts: 0 } }),
    defaults: {
      schedule: '* * * * * *',
      retry: { attempts: 3, timeout: '3s' },
      tables: Object.fromEntries(TABLES.map((table) => [table, {}])),
    },
  });
  // Also the one whose scroll is held: its other tables go on.
  healthy = fleet.connections.slice(troubles - 1);
}, 60_000);
afterAll(() => fleet?.close());

/** Milliseconds from a change in a workspace to its row in the topic; the slowest of several. */
async function slowest(connection: FleetConnection, changes: number): Promise<number> {
  let worst = 0;
  for (let change = 0; change < changes; change += 1) {
    const startedAt = Date.now();
    const id = connection.simulator.workspace.create('contacts');
    const isThere = async () => (await connection.versions('contacts')).some(({ key }) => key === id);
    await vi
      .waitUntil(isThere, { timeout: 60_000, interval: 50 })
      .catch(() => expect.unreachable(`a contact of ${connection.name} does not come`));
    worst = Math.max(worst, Date.now() - startedAt);
    await delay(300);
  }
  return worst;
}

it('goes on in time, while others are in trouble, each with its reason in its state', async () => {
  const running = fleet.start();
  await vi.waitUntil(() => ownedBy(running).length === fleet.connections.length, { timeout: 40_000 });
  Object.values(TROUBLES).forEach(({ bring }, index) => {
    bring(fleet.connections[index] as FleetConnection);
  });
  for (const [index, [what, { table, says }]] of Object.entries(TROUBLES).entries()) {
    await vi
      .waitUntil(
        async () => {
          const state = (await fleet.states()).get(`${fleet.connections[index]?.name}/${table}`);
          return says.test(JSON.stringify(state?.error ?? null));
        },
        { timeout: 100_000, interval: 250 },
      )
      .catch(() => expect.unreachable(`${what} does not show in its state`));
  }
  const times = await Promise.all(healthy.map((connection) => slowest(connection, 6)));
  expect(Math.max(...times), `times ${times}`).toBeLessThan(POLL_MS + 2_000);
  // And they come back by themselves.
  for (const { simulator } of fleet.connections) {
    simulator.faults.clear();
    simulator.scroll.heldUntil = 0;
  }
  const recovered = await Promise.all(fleet.connections.map((connection) => slowest(connection, 1)));
  expect(recovered).toHaveLength(fleet.connections.length);
}, 300_000);
