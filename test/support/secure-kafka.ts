/** A broker with every listener that a publisher can be asked to talk to. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { kafkaJars } from '../../dev/fetch.js';
import { freePort } from '../../dev/ports.js';
import { type KafkaServer, startKafka } from '../../dev/stack.js';
import type { Authority } from './certificates.js';

const run = promisify(execFile);

/** `plaintext` is for whoever looks at the topics; the others are under test. */
const PROTOCOLS = {
  plaintext: 'PLAINTEXT',
  ssl: 'SSL',
  mutual: 'SSL',
  sasl: 'SASL_PLAINTEXT',
  sasl_ssl: 'SASL_SSL',
} as const;

export type Listener = keyof typeof PROTOCOLS;

const LISTENERS = Object.keys(PROTOCOLS) as Listener[];
const SASL_LISTENERS: readonly Listener[] = ['sasl', 'sasl_ssl'];

export interface User {
  readonly username: string;
  readonly password: string;
}

export interface SecureKafka {
  readonly server: KafkaServer;
  /** host:port of each listener. */
  readonly addresses: Readonly<Record<Listener, string>>;
}

export interface Users {
  /** Whom PLAIN and SCRAM know. */
  readonly user: User;
  /** Whom PLAIN knows, and who may do only what is granted. All others may do everything. */
  readonly restricted?: User;
  /**
   * Who comes otherwise: subjects of certificates and of tokens. OAUTHBEARER takes any unsigned token that
   * has not expired.
   */
  readonly others?: readonly string[];
}

export async function startSecureKafka(authority: Authority, users: Users): Promise<SecureKafka> {
  const { user, restricted, others = [] } = users;
  const known = restricted === undefined ? [user] : [user, restricted];
  const ports = await Promise.all(LISTENERS.map(() => freePort()));
  const addresses = Object.fromEntries(
    LISTENERS.map((name, index) => [name, `127.0.0.1:${ports[index]}`]),
  ) as Record<Listener, string>;
  const server = await startKafka({
    port: Number(ports[0]),
    config: {
      ...(await listenerSettings(addresses)),
      ...(await tlsSettings(authority)),
      ...Object.assign({}, ...SASL_LISTENERS.map((name) => saslSettings(name, known))),
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': ['ANONYMOUS', ...others, user.username].map((name) => `User:${name}`).join(';'),
    },
  });
  await Promise.all(
    ['SCRAM-SHA-256', 'SCRAM-SHA-512'].map((mechanism) => addScramUser(addresses.plaintext, mechanism, user)),
  );
  return { server, addresses };
}

async function listenerSettings(addresses: Readonly<Record<Listener, string>>) {
  const controller = `127.0.0.1:${await freePort()}`;
  const advertised = LISTENERS.map((name) => `${name.toUpperCase()}://${addresses[name]}`).join(',');
  const protocols = LISTENERS.map((name) => `${name.toUpperCase()}:${PROTOCOLS[name]}`).join(',');
  return {
    'controller.quorum.voters': `1@${controller}`,
    listeners: `${advertised},CONTROLLER://${controller}`,
    'advertised.listeners': advertised,
    'listener.security.protocol.map': `${protocols},CONTROLLER:PLAINTEXT`,
    'inter.broker.listener.name': 'PLAINTEXT',
  };
}

async function tlsSettings(authority: Authority) {
  const { both } = await authority.issue('broker');
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': both,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authority.certificate.cert,
    'listener.name.mutual.ssl.client.auth': 'required',
  };
}

function saslSettings(listener: Listener, users: readonly User[]): Record<string, string> {
  const on = `listener.name.${listener}`;
  const login = (module: string, options = '') =>
    `org.apache.kafka.common.security.${module} required${options};`;
  return {
    [`${on}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
    [`${on}.plain.sasl.jaas.config`]: login(
      'plain.PlainLoginModule',
      users.map(({ username, password }) => ` user_${username}="${password}"`).join(''),
    ),
    [`${on}.scram-sha-256.sasl.jaas.config`]: login('scram.ScramLoginModule'),
    [`${on}.scram-sha-512.sasl.jaas.config`]: login('scram.ScramLoginModule'),
    [`${on}.oauthbearer.sasl.jaas.config`]: login(
      'oauthbearer.OAuthBearerLoginModule',
      ' unsecuredLoginStringClaim_sub="broker"',
    ),
    [`${on}.oauthbearer.sasl.server.callback.handler.class`]:
      'org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler',
  };
}

/** Kafka's tool for settings: from 4.4 on, and before. */
const CONFIG_COMMANDS = ['org.apache.kafka.tools.ConfigCommand', 'kafka.admin.ConfigCommand'];

/** The broker keeps SCRAM's users itself; only its own tool adds one, a mechanism at a time. */
async function addScramUser(broker: string, mechanism: string, { username, password }: User): Promise<void> {
  const user = ['--entity-type', 'users', '--entity-name', username];
  const change = ['--alter', '--add-config', `${mechanism}=[password=${password}]`];
  const java = ['-XX:TieredStopAtLevel=1', '-cp', join(kafkaJars(), '*')];
  const failures: unknown[] = [];
  for (const command of CONFIG_COMMANDS) {
    try {
      await run('java', [...java, command, '--bootstrap-server', broker, ...change, ...user]);
      return;
    } catch (error) {
      failures.push(error);
      if (!String(error).includes('ClassNotFoundException')) throw error;
    }
  }
  throw failures[0];
}
