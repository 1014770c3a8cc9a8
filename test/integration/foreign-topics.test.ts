/**
 * Topics of others on the same cluster: they are not asked about, so that one without a leader disturbs
 * nothing.
 */

import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { type KafkaCluster, startKafkaCluster } from '../../dev/stack.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { testKafka } from '../support/topics.js';

const WAIT = { timeout: 60_000, interval: 500 };
const FOREIGN = 'other';

let cluster: KafkaCluster;
let project: Project;

beforeAll(async () => {
  cluster = await startKafkaCluster({ size: 3 });
  project = await Project.open({
    brokers: cluster.brokers.slice(0, 2),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 20, companies: 5, conversations: 5, parts: 2 } },
    connection: { schedule: '* * * * * *' },
  });
}, 300_000);
afterAll(async () => {
  await project?.close();
  await cluster?.stop();
});

it('a foreign topic without a leader disturbs neither check nor a run that begins, goes on or begins anew', async () => {
  const admin = testKafka(cluster.brokers.slice(0, 2)).admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic: FOREIGN, replicaAssignment: [{ partition: 0, replicas: [3] }] }],
  });
  await project.cycle();
  const running = startCommand(['run', '--config', project.config]);
  await running.until('"table":"contacts"');
  cluster.servers[2]?.kill();
  const fate = async () => {
    try {
      return (
        (await admin.fetchTopicMetadata({ topics: [FOREIGN] })).topics[0]?.partitions[0]?.leader.toString() ??
        ''
      );
    } catch (error) {
      return String(error);
    }
  };
  await expect.poll(fate, WAIT).toContain('There is no leader');
  const { workspace } = project.simulator;
  const first = workspace.create('contacts', { email: 'first@example.com' });
  await expect.poll(async () => (await project.latest('contacts')).has(first), WAIT).toBe(true);
  running.process.kill('SIGTERM');
  await running.finished;
  const check = await project.command('check');
  expect(check.stdout).not.toContain('FAIL');
  expect(check.code).toBe(0);
  const second = workspace.create('contacts', { email: 'second@example.com' });
  // The broker that was killed may have been the group's coordinator: then the member that has left is
  // forgotten with its session.
  await expect.poll(async () => (await project.command('run', '--once')).code, WAIT).toBe(0);
  expect((await project.latest('contacts')).has(second)).toBe(true);
  const again = startCommand(['run', '--config', project.config]);
  const third = workspace.create('contacts', { email: 'third@example.com' });
  await expect.poll(async () => (await project.latest('contacts')).has(third), WAIT).toBe(true);
  again.process.kill('SIGTERM');
  expect((await again.finished).code).toBe(143);
  await admin.disconnect();
}, 400_000);
