/**
 * Topics that a cluster refuses to create: the message names the topic, the setting and the broker's own
 * words.
 */

import { rm } from 'node:fs/promises';
import kafkajs from 'kafkajs';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/ports.js';
import { type KafkaServer, startKafka } from '../../dev/stack.js';
import { type KafkaProxy, type ProxiedRequest, startKafkaProxy } from '../support/kafka-proxy.js';
import { compilePolicy } from '../support/policies.js';
import { Project } from '../support/project.js';

const { ConfigResourceTypes } = kafkajs;
const WORDS = 'max.message.bytes must not exceed 8388608';
const CREATE_TOPICS = 19;

let kafka: KafkaServer;
let policy: string;
let proxy: KafkaProxy;
/** Which requests the proxy refuses now. */
let isRefused: (request: ProxiedRequest) => boolean = () => false;
const projects: Project[] = [];

beforeAll(async () => {
  policy = await compilePolicy('ManagedPolicy');
  const port = await freePort();
  proxy = await startKafkaProxy(port, (request) => isRefused(request));
  kafka = await startKafka({
    port,
    classPath: [policy],
    config: {
      'create.topic.policy.class.name': 'ManagedPolicy',
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${proxy.port}`,
    },
  });
}, 180_000);
afterAll(async () => {
  await Promise.all(projects.map((each) => each.close()));
  await kafka?.stop();
  await proxy?.close();
  await rm(policy, { recursive: true, force: true });
});

async function openProject(topics: Readonly<Record<string, unknown>>) {
  const options = {
    brokers: [`127.0.0.1:${proxy.port}`],
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 3, companies: 2, conversations: 2, parts: 1 } },
    connection: { tables: { contacts: {}, tags: {} } },
  };
  const project = await Project.open(options);
  projects.push(project);
  await project.write({ ...options, file: { topics: { prefix: project.prefix, ...topics } } });
  return project;
}

describe('a policy against large records', () => {
  it('is reported by check and run with topic, setting and reason', async () => {
    const project = await openProject({});
    const check = await project.command('check');
    expect(check.code).toBe(1);
    for (const name of ['contacts', 'tags', 'dead_letters']) {
      const line = check.stdout
        .split('\n')
        .find((each) => each.includes(`${project.topic(name)} can't be created`));
      expect(line).toContain(`${WORDS} (POLICY_VIOLATION); change topics.config.max.message.bytes`);
    }
    expect(check.stdout).toContain('max.message.bytes=41943040');
    const run = await project.command('run', '--once');
    expect(run.code).toBe(1);
    expect(run.stderr).toContain(`topic ${project.topic('contacts')} can't be created: ${WORDS}`);
    expect(run.stderr).toContain('topics.config.max.message.bytes');
  });

  it('is content with topics.config, which dead letters follow too', async () => {
    const project = await openProject({ config: { 'max.message.bytes': 8_388_608 } });
    const before = await project.command('check');
    expect(before.stdout).toContain('0 topics, 4 more will be created');
    await project.cycle();
    expect((await project.latest('contacts')).size).toBe(3);
    const check = await project.command('check');
    expect([check.code, check.stdout]).toEqual([0, expect.stringContaining('4 topics')]);
  });
});

describe('a policy against small segments, as managed clusters have it', () => {
  it('lets the state topic have the smallest ones that it accepts, unless topics.config says otherwise', async () => {
    const project = await openProject({ config: { 'max.message.bytes': 8_388_608 } });
    const check = await project.command('check');
    expect(check.stdout).toContain('4 more will be created');
    await project.cycle();
    const admin = project.kafka.admin();
    onTestFinished(() => admin.disconnect());
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: `${project.prefix}.state` }],
    });
    const settings = new Map(resources[0]?.configEntries.map((each) => [each.configName, each.configValue]));
    expect(settings.get('segment.bytes')).toBe('52428800');
    expect(settings.get('segment.ms')).toBe('14400000');
    expect(settings.get('cleanup.policy')).toBe('compact');
    const after = await project.command('check');
    expect([after.code, after.stdout]).toEqual([0, expect.not.stringContaining('segment.')]);
  });

  it('is reported where topics.config asks for small ones', async () => {
    const project = await openProject({
      config: { 'max.message.bytes': 8_388_608, 'segment.bytes': 1_048_576 },
    });
    const { code, stderr } = await project.command('run', '--once');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /segment\.bytes must not be below 52428800 \(POLICY_VIOLATION\); change topics\.config\.segment\.bytes/,
    );
  });
});

describe('a proxy that closes the connection on replication factor -1', () => {
  const topics = { config: { 'max.message.bytes': 8_388_608 } };
  const asksForDefault = ({ apiKey, frame }: ProxiedRequest) =>
    apiKey === CREATE_TOPICS && frame.includes(Buffer.from('00000003ffff', 'hex'));

  it('up to version 3 does not mind the versions that know it', async () => {
    isRefused = (request) => asksForDefault(request) && request.apiVersion <= 3;
    const project = await openProject(topics);
    await project.cycle();
    expect((await project.latest('contacts')).size).toBe(3);
  });

  it('in any version is reported with topic and setting', async () => {
    isRefused = asksForDefault;
    const project = await openProject(topics);
    for (const result of [await project.command('check'), await project.command('run', '--once')]) {
      const text = result.stdout + result.stderr;
      expect(result.code).toBe(1);
      expect(text).toContain(project.topic('contacts'));
      expect(text).toContain(
        'with replication factor -1, which stands for its default: set topics.replicationFactor',
      );
    }
    await project.write({
      brokers: [`127.0.0.1:${proxy.port}`],
      registryUrl: inject('registryUrl'),
      connection: { tables: { contacts: {}, tags: {} } },
      file: { topics: { prefix: project.prefix, replicationFactor: 1, ...topics } },
    });
    await project.cycle();
  });

  it('is not suspected where the factor is refused in words', async () => {
    isRefused = () => false;
    const project = await openProject({ ...topics, replicationFactor: 3 });
    const { code, stderr } = await project.command('run', '--once');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /contacts can't be created: .*replication.*INVALID_REPLICATION_FACTOR.*change topics\.replicationFactor/is,
    );
  });
});
