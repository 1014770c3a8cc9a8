import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type KafkaServer, startKafka } from '../../dev/stack.js';
import { startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const WAIT = { timeout: 60_000, interval: 500 };

let kafka: KafkaServer;
let project: Project;

beforeAll(async () => {
  kafka = await startKafka();
  project = await Project.open({
    brokers: kafka.brokers,
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 300, companies: 20, conversations: 40, parts: 2 } },
    connection: { schedule: '* * * * * *' },
    file: { http: { port: 0 } },
  });
});
afterAll(async () => {
  await project.close();
  await kafka.stop();
});

it('goes on after the broker was killed and came back, and publishes no version twice', async () => {
  const running = startCommand(['run', '--config', project.config]);
  const { workspace } = project.simulator;
  const url = await addressOf(running);
  const isReady = async () => (await fetch(`${url}/readyz`)).status === 200;
  await running.until('"table":"contacts"');
  await expect.poll(isReady, WAIT).toBe(true);
  for (const round of [1, 2]) {
    kafka.kill();
    await expect.poll(isReady, WAIT).toBe(false);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    const id = workspace.create('contacts', { email: `round${round}@example.com` });
    await kafka.restart();
    await expect.poll(async () => (await project.latest('contacts')).has(id), WAIT).toBe(true);
    await expect.poll(isReady, WAIT).toBe(true);
  }
  running.process.kill('SIGTERM');
  expect((await running.finished).code).toBe(143);
  expect(await project.versions('contacts')).toHaveLength(302);
  expect(await problemsOf(project)).toEqual([]);
}, 180_000);
