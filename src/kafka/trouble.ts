/** The temporary failures of a reading, and how they are reported while they last. */

import { messageOf } from '../model/errors.js';
import { ageText } from './open-transactions.js';
import { typeOf } from './protocol-error.js';

/**
 * Errors that brokers return while leaders move, brokers stop and topics appear. Kafkajs's own classification
 * does not fit: some of these are permanent there, and some errors of this program are temporary.
 */
const PASSING_TYPES = new Set([
  'UNKNOWN',
  'OFFSET_OUT_OF_RANGE',
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
  'REQUEST_TIMED_OUT',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'KAFKA_STORAGE_ERROR',
  'LISTENER_NOT_FOUND',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
]);
const PASSING_NAMES = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
]);

export function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return PASSING_TYPES.has(typeOf(error)) || PASSING_NAMES.has(error.name) || isSystemError(error);
}

/** A socket that was refused, reset or closed. */
function isSystemError(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string';
}

export function troubleText(topic: string, error: unknown, lastedMs: number): string {
  const why = messageOf(error);
  return `topic ${topic} can't be read for ${ageText(lastedMs)}: ${why}; retrying`;
}
