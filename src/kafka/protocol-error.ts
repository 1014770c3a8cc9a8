/** The errors of Kafka's protocol by their codes: those of kafkajs, and newer ones. */

import { kafkajsModule } from './kafkajs.js';

const { createErrorFromCode } = kafkajsModule('src/protocol/error') as {
  createErrorFromCode(code: number): ProtocolError;
};

/** An error that a broker returned. */
export interface ProtocolError extends Error {
  /** Kafka's name for it, such as `NOT_ENOUGH_REPLICAS`; kafkajs has some older names. */
  type: string;
  /** Whether the same request may succeed later. */
  retriable: boolean;
}

/** Errors that kafkajs does not know. */
const NEWER: Readonly<Record<number, { readonly type: string; readonly message: string }>> = {
  90: {
    type: 'PRODUCER_FENCED',
    message: 'There is a newer producer with the same transactional ID which fences the current one',
  },
  120: {
    type: 'TRANSACTION_ABORTABLE',
    message: 'The server encountered an error with the transaction: the client can abort it to continue',
  },
};

/** The error of a code other than 0. */
export function errorFromCode(code: number): ProtocolError {
  const error = createErrorFromCode(code);
  return Object.assign(error, NEWER[code]);
}

/** Kafka's name for a protocol error; empty for every other error. */
export function typeOf(error: unknown): string {
  return error instanceof Error && 'type' in error ? String(error.type) : '';
}
