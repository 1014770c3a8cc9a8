import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';

const NAMES = ['a', 'b', 'c', 'd', 'e'];

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 1, companies: 1, conversations: 1 } },
  });
  const connections = NAMES.map((name) => ({
    name,
    baseUrl: project.simulator.url,
    credentials: { accessToken: project.simulator.options.accessToken },
    startDate: '2000-01-01',
    tables: { tags: {} },
    schedule: '* * * * * *',
  }));
  await project.write({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    file: { connections },
  });
});
afterAll(() => project.close());

it('serves every connection where the state topic has fewer partitions than configured', async () => {
  const admin = project.kafka.admin();
  await admin.connect();
  const configEntries = [{ name: 'cleanup.policy', value: 'compact' }];
  await admin.createTopics({
    topics: [{ topic: `${project.prefix}.state`, numPartitions: 2, configEntries }],
  });
  await admin.disconnect();
  const running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  try {
    for (const name of NAMES) await running.until(`"connection":"${name}","table":"tags"`);
  } finally {
    running.process.kill('SIGTERM');
  }
  expect((await running.finished).code).toBe(143);
});
