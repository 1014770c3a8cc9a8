/** Makes the Kafka client, and turns its failures into ours. */

import { readFileSync } from 'node:fs';
import type { Kafka, KafkaConfig, SASLOptions } from 'kafkajs';
import { PublisherError } from '../model/errors.js';
import type { KafkaSettings, SaslConfig, TlsFiles } from '../model/kafka.js';
import { registerCodecs } from './codecs.js';
import kafkajs from './kafkajs.js';
import { oauthBearerProvider } from './oauth-bearer.js';

/**
 * How long a request to Kafka is tried again. Short first waits, because a transaction that follows another one at once is
 * refused for some milliseconds as a matter of course; long enough in all to sit out a broker's restart.
 */
const PATIENT_RETRY = { initialRetryTime: 5, maxRetryTime: 1_000, retries: 80, factor: 0.2, multiplier: 2 };
/** For the first contact: somebody waits for the answer. */
const PROMPT_RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4, factor: 0.2, multiplier: 2 };

const PATIENT_REQUEST_MS = 30_000;
const PROMPT_REQUEST_MS = 10_000;

/** Makes a client. `prompt` is for commands that ask once and report; the default sits out a broker's restart. */
export function createKafka(settings: KafkaSettings, patience: 'patient' | 'prompt' = 'patient'): Kafka {
  registerCodecs();
  const { ssl, sasl } = settings;
  const config: KafkaConfig = {
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    retry: patience === 'patient' ? PATIENT_RETRY : PROMPT_RETRY,
    connectionTimeout: 5_000,
    requestTimeout: patience === 'patient' ? PATIENT_REQUEST_MS : PROMPT_REQUEST_MS,
    // What matters of kafkajs's log reaches us as errors; the rest (each retry as an error) is noise.
    logLevel: kafkajs.logLevel.NOTHING,
    ...(ssl === false ? {} : { ssl: ssl === true ? true : tlsFiles(ssl) }),
    ...(sasl === null ? {} : { sasl: saslOptions(sasl) }),
  };
  return new kafkajs.Kafka(config);
}

function tlsFiles({ ca, cert, key }: TlsFiles): { ca?: string[]; cert?: string; key?: string } {
  return {
    ...(ca === null ? {} : { ca: [readTlsFile('ca', ca)] }),
    ...(cert === null ? {} : { cert: readTlsFile('cert', cert) }),
    ...(key === null ? {} : { key: readTlsFile('key', key) }),
  };
}

function readTlsFile(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PublisherError('config-invalid', `kafka.ssl.${name}: can't read ${path}: ${messageOf(cause)}`, {
      cause,
    });
  }
}

function saslOptions(sasl: SaslConfig): SASLOptions {
  if (sasl.mechanism === 'oauthbearer') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: oauthBearerProvider(sasl) };
  }
  return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password } as SASLOptions;
}

const FENCED_TYPES = new Set(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING']);
const CONNECTION_ERRORS = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
]);
/** What kafkajs says once a broker has taken the connection and answers nothing. */
const MUTE = 'Broker not connected';
const SASL_ERRORS = new Set(['KafkaJSSASLAuthenticationError']);
/** What kafkajs makes of a group that this user may not describe. */
const NO_COORDINATOR = 'KafkaJSGroupCoordinatorNotFound';
/** What a broker answers that wants SASL and gets none, or the other way round. */
const SASL_TYPES = new Set([
  'ILLEGAL_SASL_STATE',
  'UNSUPPORTED_SASL_MECHANISM',
  'SASL_AUTHENTICATION_FAILED',
]);

/** A failure of kafkajs as one of ours. `doing` completes "Kafka: … failed". */
export function kafkaFailure(error: unknown, doing: string, brokers?: readonly string[]): PublisherError {
  if (error instanceof PublisherError) return error;
  const root = rootOf(error);
  if (root instanceof PublisherError) return root;
  const type = 'type' in root && typeof root.type === 'string' ? root.type : '';
  if (FENCED_TYPES.has(type)) {
    return new PublisherError('fenced', `Kafka: ${doing} was refused: another instance has taken over`, {
      cause: error,
    });
  }
  if (CONNECTION_ERRORS.has(root.name) || isSystemError(root) || root.message === MUTE) {
    const where = brokers === undefined ? '' : ` at ${brokers.join(', ')}`;
    return new PublisherError(
      'kafka-unreachable',
      `Kafka: ${doing} failed: no connection${where} (${root.message}); check kafka.brokers, kafka.ssl and kafka.sasl, and that the broker runs`,
      { cause: error },
    );
  }
  if (SASL_ERRORS.has(root.name) || SASL_TYPES.has(type)) {
    return new PublisherError(
      'kafka-unreachable',
      `Kafka: ${doing} was refused: ${root.message}; check kafka.sasl`,
      { cause: error },
    );
  }
  const advice =
    type.endsWith('AUTHORIZATION_FAILED') || root.name === NO_COORDINATOR
      ? '; where the broker has ACLs, check that this user has all permissions that docs/security.md lists'
      : '';
  return new PublisherError('kafka-error', `Kafka: ${doing} failed: ${root.message}${advice}`, {
    cause: error,
  });
}

/** Whether the broker closed the connection instead of answering. */
export function isClosedConnection(error: unknown): boolean {
  return rootOf(error).name === 'KafkaJSConnectionClosedError';
}

function isSystemError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string';
}

/** Kafkajs wraps an error once per layer of retries. */
function rootOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
