import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { freePort } from '../../dev/ports.js';
import { type KafkaServer, startKafka } from '../../dev/stack.js';
import { startCommand } from '../support/command.js';
import { addressOf } from '../support/http.js';
import { type MutingProxy, startMutingProxy } from '../support/muting-proxy.js';
import { notification, notify } from '../support/notify.js';
import { Project } from '../support/project.js';

const SECRET = 'the client secret';
const WAIT = { timeout: 30_000, interval: 250 };
const NEVER = '0 0 1 1 *';
const EVERY_2_S = '*/2 * * * * *';

let kafka: KafkaServer;
let proxy: MutingProxy;

beforeAll(async () => {
  const port = await freePort();
  const target = await freePort();
  kafka = await startKafka({ port: target, config: await listeners(port, target) });
  proxy = await startMutingProxy(port, target);
}, 180_000);
afterAll(async () => {
  await proxy.close();
  await kafka.stop();
});

it.each([
  ['while changes are polled', EVERY_2_S],
  ['while nothing happens', NEVER],
])(
  'a change is published within 30 seconds after all connections died silently %s',
  async (_, schedule) => {
    const project = await openProject(schedule);
    const running = startCommand(['run', '--config', project.config, '--log-format', 'json']);
    onTestFinished(async () => {
      running.process.kill('SIGKILL');
      await running.finished;
      await project.close();
    });
    const url = await addressOf(running);
    const isReady = async () => (await fetch(`${url}/readyz`)).status;
    const create = (email: string) => project.simulator.workspace.create('contacts', { email });
    const send = async (id: string) =>
      (await notify(url, SECRET, notification('contact.user.updated', { type: 'contact', id }))).status;
    const isThere = async (id: string) => (await project.latest('contacts')).has(id);

    await expect.poll(isReady, WAIT).toBe(200);
    // The writer of notifications has its connection as well.
    const before = create('before@example.com');
    await expect.poll(() => send(before), WAIT).toBe(200);
    await expect.poll(() => isThere(before), WAIT).toBe(true);
    for (const round of [1, 2]) {
      expect(proxy.mute()).toBeGreaterThan(3);
      const id = create(`round${round}@example.com`);
      const startedAt = Date.now();
      const left = () => ({ ...WAIT, timeout: 30_000 - (Date.now() - startedAt) });
      await expect.poll(() => send(id), left()).toBe(200);
      await expect.poll(() => isThere(id), left()).toBe(true);
      await expect.poll(isReady, WAIT).toBe(200);
    }
    expect(running.stderr()).not.toMatch(/ACLs|"fenced"|"internal"/);
    const keys = (await project.versions('contacts')).map(({ key }) => key);
    expect(new Set(keys).size).toBe(keys.length);
  },
  150_000,
);

async function openProject(schedule: string): Promise<Project> {
  const options = {
    brokers: [`127.0.0.1:${proxy.port}`],
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 30, companies: 5, conversations: 5, parts: 1 } },
  };
  const project = await Project.open(options);
  const { accessToken } = project.simulator.options;
  await project.write({
    ...options,
    connection: {
      schedule,
      tables: { contacts: {}, tags: {} },
      credentials: { accessToken, clientSecret: SECRET },
    },
    file: { http: { port: 0 } },
  });
  return project;
}

/** Clients come through the proxy. The broker, which writes the ends of transactions to itself, must not. */
async function listeners(advertised: number, target: number): Promise<Record<string, string>> {
  const [internal, controller] = [await freePort(), await freePort()];
  const at = (name: string, port: number) => `${name}://127.0.0.1:${port}`;
  return {
    listeners: [at('PLAINTEXT', target), at('INTERNAL', internal), at('CONTROLLER', controller)].join(','),
    'advertised.listeners': [at('PLAINTEXT', advertised), at('INTERNAL', internal)].join(','),
    'inter.broker.listener.name': 'INTERNAL',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
  };
}
