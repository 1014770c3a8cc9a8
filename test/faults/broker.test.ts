import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type KafkaServer, startKafka } from '../../dev/stack.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

let kafka: KafkaServer;
let project: Project;

beforeAll(async () => {
  kafka = await startKafka();
  project = await Project.open({
    brokers: kafka.brokers,
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 300, companies: 20, conversations: 40, parts: 2 } },
    connection: { schedule: '* * * * * *' },
  });
});
afterAll(async () => {
  await project.close();
  await kafka.stop();
});

it('goes on after the broker was killed and came back, and publishes no version twice', async () => {
  const running = startCommand(['run', '--config', project.config]);
  const { workspace } = project.simulator;
  await running.until('"table":"contacts"');
  for (const round of [1, 2]) {
    kafka.kill();
    const id = workspace.create('contacts', { email: `round${round}@example.com` });
    await kafka.restart();
    await expect
      .poll(async () => (await project.latest('contacts')).has(id), { timeout: 60_000, interval: 500 })
      .toBe(true);
  }
  running.process.kill('SIGTERM');
  expect((await running.finished).code).toBe(143);
  const versions = await project.versions('contacts');
  expect(new Set(versions.map(({ key }) => key)).size).toBe(versions.length);
  expect(versions).toHaveLength(302);
}, 180_000);
