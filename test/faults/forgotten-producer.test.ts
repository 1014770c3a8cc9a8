/** A broker that forgets a producer which wrote nothing for long, as brokers do after a week. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { kafkaJars } from '../../dev/fetch.js';
import { type KafkaServer, startKafka } from '../../dev/kafka.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const EXPIRY_MS = 2_000;
const PATIENT = { timeout: 60_000, interval: 200 };

let kafka: KafkaServer;
let project: Project;

beforeAll(async () => {
  kafka = await startKafka({
    config: {
      'transactional.id.expiration.ms': String(EXPIRY_MS),
      'transaction.remove.expired.transaction.cleanup.interval.ms': '200',
    },
  });
  project = await Project.open({
    brokers: kafka.brokers,
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 20, companies: 0, conversations: 0 } },
    connection: { schedule: '* * * * * *', tables: { contacts: {} } },
  });
});
afterAll(async () => {
  await project?.close();
  await kafka?.stop();
});

/** What Kafka's own tool says of the transactional IDs that the broker knows. */
async function knownIds(): Promise<string> {
  const tool = ['-cp', join(kafkaJars(), '*'), 'org.apache.kafka.tools.TransactionsCommand'];
  const java = ['-XX:TieredStopAtLevel=1', ...tool, '--bootstrap-server', kafka.brokers.join(','), 'list'];
  return (await promisify(execFile)('java', java)).stdout;
}

it('publishes what changes afterwards once, and says what happened', async () => {
  const { workspace } = project.simulator;
  const running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  const latest = () => project.latest('contacts');
  await expect.poll(async () => (await latest()).size, PATIENT).toBe(20);
  const [id = ''] = [...workspace.rows('contacts')].map((row) => String(row.id));
  expect(await knownIds()).toContain('TransactionalId');
  await expect.poll(knownIds, PATIENT).not.toContain(`${project.prefix}.acme`);
  workspace.update('contacts', id, { name: 'changed' });
  await expect.poll(async () => (await latest()).get(id)?.value, PATIENT).toMatchObject({ name: 'changed' });
  running.process.kill('SIGTERM');
  const { stderr } = await running.finished;
  expect(stderr).not.toContain('another instance');
  expect(stderr).toContain('has forgotten this producer');
  expect(await problemsOf(project, { tables: ['contacts'] })).toEqual([]);
});
