/**
 * The readiness of this instance, for load balancers and rollouts.
 *
 * The instance is ready once it has its connections and has read their states. A connection that fails
 * because of its credentials or of the API does not make the instance unready: no other instance could serve
 * it. Without Kafka the instance is not ready.
 */

import type { Events } from '../model/events.js';
import { within } from '../model/pause.js';

export interface Readiness {
  readonly ready: boolean;
  /** Why the instance is not ready; empty when it is. */
  readonly reasons: readonly string[];
  /** Warnings for the operator while the instance is ready; left out when there are none. */
  readonly notes?: readonly string[];
}

/** A scrape and a probe must not wait longer. */
const PING_LIMIT_MS = 3_000;
/** Minimum interval between two requests to Kafka, however many probes arrive. */
const PING_EVERY_MS = 5_000;

export interface ReadinessOptions {
  /** Rejects when Kafka does not answer. */
  readonly ping: () => Promise<void>;
  readonly limitMs?: number;
  readonly everyMs?: number;
}

/** Follows the events from now on. The returned function also checks that Kafka answers. */
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

/** The connections that are not restored yet, or were lost with Kafka. */
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
    // Once everything is restored, a waiting reading does not prevent publishing.
    return [...unrestored.map((name) => `${name} is not restored yet`), ...waiting.values()];
  };
}

/** The settings in which the instances of the group differ, while this one still serves its connections. */
function followDisagreement(events: Events): () => string[] {
  let disagreement: string | null = null;
  events.on('group:compared', ({ isAdmitted, message }) => {
    disagreement = isAdmitted ? message : null;
  });
  return () => (disagreement === null ? [] : [disagreement]);
}

/** The connections that Intercom does not serve, with its error messages. */
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
