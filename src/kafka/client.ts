/** Creates the Kafka client, and turns its errors into `PublisherError`s. */

import type { Kafka, KafkaConfig, SASLOptions } from 'kafkajs';
import { readTlsFiles } from '../auth/tls-files.js';
import { PublisherError } from '../model/errors.js';
import type { KafkaSettings, SaslConfig } from '../model/kafka.js';
import { registerCodecs } from './codecs.js';
import kafkajs from './kafkajs.js';
import { oauthBearerProvider } from './oauth-bearer.js';
import { typeOf } from './protocol-error.js';

/**
 * How long a request to Kafka is retried. First waits are short, because brokers refuse a transaction for
 * some milliseconds after the one before. All waits together are longer than a broker's restart.
 */
const PATIENT_RETRY = { initialRetryTime: 5, maxRetryTime: 1_000, retries: 80, factor: 0.2, multiplier: 2 };
/** For the first request: an operator waits for the answer. */
const PROMPT_RETRY = { initialRetryTime: 100, maxRetryTime: 1_000, retries: 4, factor: 0.2, multiplier: 2 };

/**
 * How long a connection may be silent while a request is in flight. A broker answers most kinds of requests
 * at once.
 */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Creates a client. `prompt` is for commands that ask once and report; the default retries for longer than a
 * broker's restart.
 */
export function createKafka(settings: KafkaSettings, patience: 'patient' | 'prompt' = 'patient'): Kafka {
  registerCodecs();
  const { ssl, sasl } = settings;
  const config: KafkaConfig = {
    brokers: [...settings.brokers],
    clientId: settings.clientId,
    retry: patience === 'patient' ? PATIENT_RETRY : PROMPT_RETRY,
    connectionTimeout: 5_000,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // Kafkajs throws every error that matters; its log also reports each retry as an error.
    logLevel: kafkajs.logLevel.NOTHING,
    ...(ssl === false ? {} : { ssl: ssl === true ? true : readTlsFiles(ssl, 'kafka.ssl') }),
    ...(sasl === null ? {} : { sasl: saslOptions(sasl) }),
  };
  return new kafkajs.Kafka(config);
}

function saslOptions(sasl: SaslConfig): SASLOptions {
  if (sasl.mechanism === 'oauthbearer') {
    return { mechanism: 'oauthbearer', oauthBearerProvider: oauthBearerProvider(sasl) };
  }
  return { mechanism: sasl.mechanism, username: sasl.username, password: sasl.password } as SASLOptions;
}

/** Error codes with the same meaning: which one a broker returns depends on the request and its version. */
const FENCED_TYPES = new Set(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH']);
const FORGOTTEN_TYPES = new Set(['INVALID_PRODUCER_ID_MAPPING', 'UNKNOWN_PRODUCER_ID']);
const CONNECTION_ERRORS = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
]);
/** Kafkajs's message when a broker has accepted the connection and does not answer. */
const NO_ANSWER = 'Broker not connected';
const SASL_ERRORS = new Set(['KafkaJSSASLAuthenticationError']);
/** The errors of a broker that expects SASL and gets none, or the reverse. */
const SASL_TYPES = new Set([
  'ILLEGAL_SASL_STATE',
  'UNSUPPORTED_SASL_MECHANISM',
  'SASL_AUTHENTICATION_FAILED',
]);

/** How long a transaction had been open when it failed, and its time-out at the broker, in milliseconds. */
export interface TransactionTime {
  readonly tookMs: number;
  readonly timeoutMs: number;
}

/**
 * Whether the broker no longer accepts this producer's epoch: another instance raised it, or the broker
 * itself when it ended a transaction.
 */
export function isFenced(error: unknown): boolean {
  return FENCED_TYPES.has(typeOf(rootOf(error)));
}

/**
 * Whether the broker has deleted the producer's state (`transactional.id.expiration.ms`). It is enough to
 * initialise the producer again.
 */
export function isForgottenProducer(error: unknown): boolean {
  return FORGOTTEN_TYPES.has(typeOf(rootOf(error)));
}

/**
 * Whether the broker may have ended the transaction because it took too long. The broker then raises the
 * epoch and returns the same error as for fencing; only the time distinguishes the two. The broker starts
 * counting later than the producer, so a transaction that failed before its time-out was fenced for certain.
 */
export function isTransactionTimeout(error: unknown, { tookMs, timeoutMs }: TransactionTime): boolean {
  return tookMs >= timeoutMs && (isFenced(error) || typeOf(rootOf(error)) === 'INVALID_TXN_STATE');
}

/** A failure inside a transaction as a `PublisherError`. `doing` completes "Kafka: … failed". */
export function transactionFailure(error: unknown, doing: string, time: TransactionTime): PublisherError {
  if (error instanceof PublisherError || !isTransactionTimeout(error, time))
    return kafkaFailure(error, doing);
  const [took, timeout] = [time.tookMs, time.timeoutMs].map((ms) => Math.round(ms / 1_000));
  return new PublisherError(
    'kafka-transaction-timeout',
    `Kafka: ${doing} failed: the transaction was open for ${took} s, and the broker ends one after ${timeout} s; this instance was paused, or Kafka was slow`,
    { cause: error },
  );
}

/** A failure of kafkajs as a `PublisherError`. `doing` completes "Kafka: … failed". */
export function kafkaFailure(error: unknown, doing: string, brokers?: readonly string[]): PublisherError {
  if (error instanceof PublisherError) return error;
  const root = rootOf(error);
  if (root instanceof PublisherError) return root;
  const type = typeOf(root);
  if (FENCED_TYPES.has(type)) {
    return new PublisherError('fenced', `Kafka: ${doing} was refused: another instance has taken over`, {
      cause: error,
    });
  }
  if (FORGOTTEN_TYPES.has(type)) {
    return new PublisherError(
      'kafka-error',
      `Kafka: ${doing} failed: the broker has forgotten this producer, which wrote nothing for longer than transactional.id.expiration.ms`,
      { cause: error },
    );
  }
  if (CONNECTION_ERRORS.has(root.name) || isSystemError(root) || root.message === NO_ANSWER) {
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
  const advice = type.endsWith('AUTHORIZATION_FAILED')
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

/** Unwraps an error: kafkajs wraps it once for each layer of retries. */
function rootOf(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  return error.cause instanceof Error ? rootOf(error.cause) : error;
}
