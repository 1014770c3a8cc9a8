/**
 * Receives Intercom's notifications: checks their signature, writes them to Kafka, and answers. The
 * connection's owner processes them.
 */

import type { IncomingMessage } from 'node:http';
import type { Config, ConnectionConfig } from '../config/config.js';
import { type Reply, type Route, textReply } from '../http/routes.js';
import { isSigned, type Notification, readNotification } from '../intercom/webhook.js';
import type { Events } from '../model/events.js';
import { ENTITIES, type Hint } from '../model/hint.js';
import { within } from '../model/pause.js';

export interface WebhookOptions {
  /** As configured now. */
  readonly connections: () => readonly ConnectionConfig[];
  /** Resolves once Kafka has stored the notification. */
  readonly store: (connection: string, hint: Hint) => Promise<void>;
  readonly events: Events;
}

/**
 * Notifications in flight to Kafka, at most. Intercom slows down at a 429, and the next poll finds the
 * changes.
 */
const MAX_AT_ONCE = 100;
/** Conversations with long texts stay far below. */
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_HELD_BYTES = 64 * 1024 * 1024;
/** Below the five seconds after which Intercom gives up. */
const STORE_TIMEOUT_MS = 4_000;
const TRY_AGAIN_SECONDS = '60';

/** Whether a connection's notifications can be verified: they are signed with its app's client secret. */
export function canVerifyNotifications({ credentials }: ConnectionConfig): boolean {
  return credentials.clientSecret !== undefined;
}

/** Whether notifications can arrive: an HTTP server listens, and some connection has a client secret. */
export function usesHints({ http, connections }: Config): boolean {
  return http !== null && connections.some(canVerifyNotifications);
}

export function webhookRoutes({ connections, store, events }: WebhookOptions): Route[] {
  const find = (name: string) => connections().find((each) => each.name === name);
  let inFlight = 0;
  const bodies = new Bodies();
  const storeHint = async (connection: string, hint: Hint): Promise<Reply> => {
    if (ENTITIES.every((entity) => hint[entity].length === 0)) return textReply(200, 'nothing to do');
    if (inFlight >= MAX_AT_ONCE) return tooMany();
    inFlight += 1;
    try {
      await within(STORE_TIMEOUT_MS, store(connection, hint));
      return textReply(200, 'kept');
    } catch {
      return textReply(503, 'temporarily unavailable, send it again');
    } finally {
      inFlight -= 1;
    }
  };
  const handle = async (
    request: IncomingMessage,
    { connection: name = '' }: Readonly<Record<string, string>>,
  ) => {
    const startedAt = performance.now();
    const connection = find(name);
    if (connection === undefined) return unknownConnection();
    const read = await readSigned(request, connection.credentials.clientSecret, bodies);
    const reply = 'status' in read ? read : await storeHint(name, read.hint);
    const topic = 'status' in read ? null : read.topic;
    const ms = performance.now() - startedAt;
    events.emit('webhook:answered', { connection: name, topic, status: reply.status, ms });
    return reply;
  };
  // Intercom sends this request, without a signature, before it saves the address.
  const check: Route['handle'] = async (_, { connection: name = '' }) =>
    find(name) === undefined ? unknownConnection() : { status: 200, body: '' };
  const path = '/webhooks/{connection}';
  return [
    { method: 'POST', path, open: true, handle },
    { method: 'HEAD', path, open: true, handle: check },
  ];
}

function unknownConnection(): Reply {
  return textReply(404, 'no such connection');
}

/** The notification, or the answer for a request that is no notification of this app. */
async function readSigned(
  request: IncomingMessage,
  clientSecret: string | undefined,
  bodies: Bodies,
): Promise<Notification | Reply> {
  const signature = request.headers['x-hub-signature'];
  const given = Array.isArray(signature) ? signature[0] : signature;
  if (clientSecret === undefined || given === undefined) {
    await drain(request);
    return unsigned();
  }
  return bodies.with(request, (body) => {
    if (body === 'too large') return textReply(413, 'too large for a notification');
    if (body === 'too many') return tooMany();
    if (!isSigned(body, given, clientSecret)) return unsigned();
    return readNotification(body) ?? textReply(400, 'not an Intercom notification');
  });
}

function unsigned(): Reply {
  return textReply(401, 'the signature is not that of this connection’s app');
}

function tooMany(): Reply {
  const reply = textReply(429, 'too many notifications at once');
  return { ...reply, headers: { ...reply.headers, 'retry-after': TRY_AGAIN_SECONDS } };
}

/**
 * Bodies that are being received. The signature can only be checked on the whole body, so one memory limit
 * applies to all of them together.
 */
class Bodies {
  #held = 0;

  /**
   * Returns the raw bytes, if they fit. The body is read to its end in any case: otherwise the sender gets no
   * answer.
   */
  async with<T>(request: IncomingMessage, use: (body: Buffer | 'too large' | 'too many') => T): Promise<T> {
    const chunks: Buffer[] = [];
    let size = 0;
    let isFull = false;
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        size += chunk.length;
        isFull ||= this.#held + chunk.length > MAX_HELD_BYTES;
        if (size > MAX_BODY_BYTES || isFull) continue;
        this.#held += chunk.length;
        chunks.push(chunk);
      }
      if (size > MAX_BODY_BYTES) return use('too large');
      return use(isFull ? 'too many' : Buffer.concat(chunks));
    } finally {
      for (const chunk of chunks) this.#held -= chunk.length;
    }
  }
}

async function drain(request: IncomingMessage): Promise<void> {
  for await (const _ of request);
}
