/**
 * Whether this instance does its work, for those who route or roll out by it.
 *
 * It does once it knows which connections fall to it and has read where they stand. A connection that fails
 * for reasons of its own (credentials, the API) does not make the instance unready: no other instance could
 * do better. Without Kafka nothing works.
 */

import type { Events } from '../model/events.js';
import { within } from '../model/pause.js';

export interface Readiness {
  readonly ready: boolean;
  /** Why it is not; empty when it is. */
  readonly reasons: readonly string[];
  /** What an operator has to know though the instance is ready; left out where there is nothing. */
  readonly notes?: readonly string[];
}

/** A scrape and a probe must not wait longer. */
const PING_LIMIT_MS = 3_000;
/** Many may ask; Kafka is asked no more often than this. */
const PING_EVERY_MS = 5_000;

export interface ReadinessOptions {
  /** Rejects when Kafka does not answer. */
  readonly ping: () => Promise<void>;
  readonly limitMs?: number;
  readonly everyMs?: number;
}

/** Follows the events from now on; the returned function asks Kafka too. */
export function followReadiness(events: Events, options: ReadinessOptions): () => Promise<Readiness> {
  const pending = followRestores(events);
  const restrictionsOf = followRestrictions(events);
  const disagreementOf = followDisagreement(events);
  const isKafkaThere = kafkaCheck(options);
  return async () => {
    const reasons = pending();
    if (!(await isKafkaThere())) reasons.push('Kafka does not answer');
    const notes = [...disagreementOf(), ...restrictionsOf()];
    return { ready: reasons.length === 0, reasons, ...(notes.length === 0 ? {} : { notes }) };
  };
}

/** What has not been restored yet, or was lost with Kafka. */
function followRestores(events: Events): () => string[] {
  let assigned: readonly string[] | null = null;
  const settled = new Set<string>();
  events.on('instance:assigned', ({ connections }) => {
    assigned = connections;
    for (const name of settled) if (!connections.includes(name)) settled.delete(name);
  });
  events.on('connection:owned', ({ connection }) => settled.add(connection));
  events.on('connection:failed', ({ connection, error }) => {
    if (error.origin === 'kafka') settled.delete(connection);
    else settled.add(connection);
  });
  const waiting = new Map<string, string>();
  events.on('reading:waiting', ({ key, message }) => waiting.set(key, message));
  events.on('reading:resumed', ({ key }) => waiting.delete(key));
  let refused: string | null = null;
  events.on('group:compared', ({ isAdmitted, message }) => {
    refused = isAdmitted ? null : message;
  });
  return () => {
    if (refused !== null) return [refused];
    if (assigned === null) return ['no connections assigned yet'];
    const unrestored = assigned.filter((name) => !settled.has(name));
    if (unrestored.length === 0) return [];
    // Once everything is restored, what a reading waits for keeps nothing from being published.
    return [...unrestored.map((name) => `${name} is not restored yet`), ...waiting.values()];
  };
}

/** What the instances of the group do not agree on, where this one serves its connections all the same. */
function followDisagreement(events: Events): () => string[] {
  let disagreement: string | null = null;
  events.on('group:compared', ({ isAdmitted, message }) => {
    disagreement = isAdmitted ? message : null;
  });
  return () => (disagreement === null ? [] : [disagreement]);
}

/** Which connections Intercom does not serve, in its words. */
function followRestrictions(events: Events): () => string[] {
  const restricted = new Map<string, string>();
  events.on('instance:assigned', ({ connections }) => {
    for (const name of restricted.keys()) if (!connections.includes(name)) restricted.delete(name);
  });
  events.on('connection:failed', ({ connection, error }) => {
    if (error.code === 'plan-restricted') restricted.set(connection, error.message);
    else restricted.delete(connection);
  });
  events.on('connection:owned', ({ connection }) => restricted.delete(connection));
  return () => [...restricted].map(([name, message]) => `${name}: ${message}`);
}

function kafkaCheck({ ping, limitMs = PING_LIMIT_MS, everyMs = PING_EVERY_MS }: ReadinessOptions) {
  let newest: { readonly startedAt: number; readonly answer: Promise<boolean> } | null = null;
  return (): Promise<boolean> => {
    const now = performance.now();
    if (newest === null || now - newest.startedAt >= everyMs) {
      const answer = within(limitMs, ping()).then(
        () => true,
        () => false,
      );
      newest = { startedAt: now, answer };
    }
    return newest.answer;
  };
}
