/** Publishers that start together on a broker where no group has ever been: its offsets topic is still to be made. */

import { expect, inject, it, onTestFinished } from 'vitest';
import { startKafka } from '../../dev/kafka.js';
import { endCommand, startCommand } from '../support/command.js';
import { addressOf, statusAt } from '../support/http.js';
import { Project } from '../support/project.js';
import { withAdmin } from '../support/topic-admin.js';
import { readRecords } from '../support/topics.js';

const INSTANCES = 3;
/** Each on a broker of its own; the fault that this is about came once in seven. */
const STARTS = Number(process.env.FRESH_STARTS ?? 2);
const WITHIN = { timeout: 60_000, interval: 100 };

it.each(Array.from({ length: STARTS }, (_, index) => index + 1))(
  'start %i: all of them become ready, and share the connections',
  async () => {
    // As many partitions as Kafka's default: the more, the longer the topic takes.
    const kafka = await startKafka({ config: { 'offsets.topic.num.partitions': '50' } });
    onTestFinished(() => kafka.stop());
    const options = {
      brokers: kafka.brokers,
      registryUrl: inject('registryUrl'),
      simulator: { counts: { contacts: 10, companies: 0, conversations: 0 } },
      file: { http: { port: 0 } },
    };
    const project = await Project.open(options);
    onTestFinished(() => project.close());
    const { url: baseUrl, options: simulator } = project.simulator;
    const connections = ['acme', 'beta', 'gamma'].map((name) => ({
      name,
      baseUrl,
      credentials: { accessToken: simulator.accessToken },
      startDate: '2000-01-01',
      tables: { contacts: {} },
    }));
    await project.write({ ...options, file: { http: { port: 0 }, connections } });
    const topics = await withAdmin(project.kafka, (admin) => admin.listTopics());
    expect(topics).not.toContain('__consumer_offsets');

    const running = Array.from({ length: INSTANCES }, () =>
      startCommand(['run', '--config', project.config, '--log-format', 'json']),
    );
    onTestFinished(async () => {
      await Promise.all(running.map((each) => endCommand(each, 'SIGTERM')));
    });
    const urls = await Promise.all(running.map(addressOf));
    const readyz = async (url: string) => (await fetch(`${url}/readyz`)).status;
    await expect.poll(() => Promise.all(urls.map(readyz)), WITHIN).toEqual([200, 200, 200]);
    const owned = async () =>
      (await Promise.all(urls.map(statusAt)))
        .flatMap((status) => status.connections)
        .flatMap(({ name, state }) => (state === 'owned' ? [name] : []));
    await expect.poll(async () => (await owned()).sort(), WITHIN).toEqual(['acme', 'beta', 'gamma']);
    const published = (name: string) => readRecords(project.kafka, `${project.prefix}.${name}.contacts`);
    for (const { name } of connections)
      await expect.poll(async () => (await published(name)).length, WITHIN).toBe(10);
    for (const { stderr } of running) {
      const lines = stderr().trimEnd().split('\n');
      const failed = lines.filter((line) => (JSON.parse(line) as { level: number }).level >= 50);
      expect(failed).toEqual([]);
    }
  },
  120_000,
);
