import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import { Dice } from '../../src/simulator/random.js';
import { startCommand } from '../support/command.js';
import { missingFrom } from '../support/lossless.js';
import { Project } from '../support/project.js';

const SEED = 20_261_123;
const KILLS = 8;

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: {
      counts: { contacts: 2_000, companies: 300, conversations: 500, parts: 4 },
      latency: 15,
      scrollExpirySeconds: 2,
      seed: SEED,
    },
  });
});
afterAll(() => project.close());

it(`loses, doubles and ages nothing when it is killed ${KILLS} times (seed ${SEED})`, async () => {
  const dice = new Dice(SEED, 'kills', 0);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const running = startCommand(['run', '--once', '--config', project.config, '--log-level', 'debug']);
    // Somewhere between the first request and the last: after so many more requests.
    const until = project.simulator.requests.length + 1 + dice.below(120);
    await expect
      .poll(() => project.simulator.requests.length >= until || running.process.exitCode !== null, {
        timeout: 30_000,
        interval: 5,
      })
      .toBe(true);
    running.process.kill('SIGKILL');
    await running.finished;
    const [contact] = project.simulator.workspace.contacts.rows();
    project.simulator.workspace.update('contacts', String(contact?.id), { name: `after kill ${kill}` });
  }
  await project.cycle();
  for (const table of TABLE_NAMES) {
    const versions = await project.versions(table);
    const latest = await project.latest(table);
    const rows = [...project.simulator.workspace.rows(table)];
    if (!table.endsWith('_attributes')) {
      for (const row of rows)
        expect(
          missingFrom(row, latest.get(String(row.id))?.value ?? {}),
          `${table} ${String(row.id)}`,
        ).toEqual([]);
    }
    expect(latest.size, table).toBe(rows.length);
    const seen = new Map<string, { hash: string; at: number }>();
    for (const { key, headers } of versions) {
      const before = seen.get(key);
      expect(before?.hash, `${table} ${key} twice`).not.toBe(headers.hash);
      expect(Number(headers.updated_at ?? 0), `${table} ${key} older after newer`).toBeGreaterThanOrEqual(
        before?.at ?? 0,
      );
      seen.set(key, { hash: headers.hash ?? '', at: Number(headers.updated_at ?? 0) });
    }
  }
}, 180_000);
