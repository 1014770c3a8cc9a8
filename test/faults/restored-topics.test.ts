/** A broker whose log of a table is put back to an older copy of itself, as restores from a backup and unclean elections leave it. */

import { cp, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { type KafkaServer, startKafka } from '../../dev/kafka.js';
import { endCommand, startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const CONTACTS = 30;
const TABLES = ['contacts', 'tags'] as const;
const PATIENT = { timeout: 60_000, interval: 200 };
const ANEW = 'acme/contacts: the state does not belong to the topic';

let dir: string;
let kafka: KafkaServer;
let project: Project;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-restored-'));
  kafka = await startKafka({ dir });
  project = await Project.open({
    brokers: kafka.brokers,
    registryUrl: inject('registryUrl'),
    simulator: { seed: 5, counts: { contacts: CONTACTS, companies: 0, conversations: 0 } },
    connection: { schedule: '* * * * * *', tables: { contacts: {}, tags: {} } },
  });
  await project.cycle();
});
afterAll(async () => {
  await project?.close();
  await kafka?.stop();
  await rm(dir, { recursive: true, force: true });
});

/** While the broker is stopped: what it has of the contacts. */
async function copyLogs(from: string, to: string): Promise<void> {
  const logs = (await readdir(from)).filter((name) => name.startsWith(`${project.topic('contacts')}-`));
  for (const name of logs) {
    await rm(join(to, name), { recursive: true, force: true });
    await cp(join(from, name), join(to, name), { recursive: true });
  }
}

const data = () => join(dir, 'data');
const backup = () => join(dir, 'backup');

async function backUp(): Promise<void> {
  await kafka.halt();
  await mkdir(backup(), { recursive: true });
  await copyLogs(data(), backup());
  await kafka.restart();
}

async function restore(): Promise<void> {
  await kafka.halt();
  await copyLogs(backup(), data());
  await kafka.restart();
}

function updateContacts(from: number, to: number, name: string): void {
  const ids = [...project.simulator.workspace.rows('contacts')].map(({ id }) => String(id)).sort();
  for (const id of ids.slice(from, to)) project.simulator.workspace.update('contacts', id, { name });
}

it('between two runs: the next one reports it, and publishes what is missing', async () => {
  await backUp();
  updateContacts(0, 10, 'lost with the log');
  await project.cycle();
  expect(await project.versions('contacts')).toHaveLength(CONTACTS + 10);
  await restore();
  expect(await project.versions('contacts')).toHaveLength(CONTACTS);
  const check = await project.command('check');
  expect([check.code, check.stdout]).toEqual([1, expect.stringContaining('restored from an older copy')]);
  const once = await project.command('run', '--once');
  expect([once.code, once.stderr]).toEqual([0, expect.stringContaining(ANEW)]);
  expect(await problemsOf(project, { tables: TABLES })).toEqual([]);
  expect(await project.versions('contacts')).toHaveLength(CONTACTS + 10);
}, 180_000);

it('under a publisher that runs, whose next commit brings the log beyond where it was', async () => {
  await backUp();
  const running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
  onTestFinished(() => endCommand(running, 'SIGTERM'));
  await running.until('"table finished"');
  updateContacts(0, 1, 'lost with the log');
  await expect.poll(() => problemsOf(project, { tables: TABLES }), PATIENT).toEqual([]);
  await restore();
  updateContacts(1, CONTACTS, 'afterwards');
  await expect.poll(() => running.stderr(), PATIENT).toContain(ANEW);
  expect(running.stderr()).toMatch(/partition \d of topic \S+ no longer has all that this instance wrote/);
  await expect.poll(() => problemsOf(project, { tables: TABLES }), PATIENT).toEqual([]);
}, 180_000);
