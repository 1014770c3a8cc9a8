/**
 * The spans that the publisher has: their names and attributes, by OpenTelemetry's semantic conventions where
 * these have one.
 *
 * No span contains an ID of a row, a query string, a row or a token. The attributes are object literals
 * without spread, which costs a hundred times as much: they are made with and without an SDK.
 */

import type { Attributes } from '@opentelemetry/api';
import type { AtTable } from './events.js';
import type { Entity } from './hint.js';
import type { TableName } from './table-names.js';
import type { SpanLink, SpanPlan } from './tracing.js';

/** A cycle of a connection over the tables that are due. */
export function cycleSpan(connection: string, tables: readonly TableName[]): SpanPlan {
  return {
    name: 'cycle',
    attributes: { 'intercom_kafka.connection': connection, 'intercom_kafka.tables': [...tables] },
  };
}

/** The cycle of one table. */
export function tableSpan(at: AtTable): SpanPlan {
  return ofTable('table', at);
}

/** A page of a table's reading, from its request to its commit. */
export function pageSpan(at: AtTable): SpanPlan {
  return ofTable('page', at);
}

/** A reconcile, which runs beside the cycles. */
export function reconcileSpan(at: AtTable): SpanPlan {
  return ofTable('reconcile', at);
}

/** The retries of what a table has set aside, which run beside the cycles. */
export function retrySpan(at: AtTable): SpanPlan {
  return ofTable('retry', at);
}

/** Requests an entity that a notification names. */
export function fetchSpan(connection: string, entity: Entity): SpanPlan {
  return { name: `fetch ${entity}`, isRoot: true, attributes: { 'intercom_kafka.connection': connection } };
}

/** Publishes the rows of entities that were fetched. */
export function publishSpan(connection: string, entity: Entity, links: readonly SpanLink[]): SpanPlan {
  return {
    name: `publish ${entity}`,
    isRoot: true,
    links,
    attributes: { 'intercom_kafka.connection': connection },
  };
}

/** One attempt of a request; `resends` counts the attempts before it. */
export function requestSpan(
  { method, route }: { readonly method: string; readonly route: string },
  origin: URL,
  resends: number,
): SpanPlan {
  const attributes: Attributes = {
    'http.request.method': method,
    // In place of `url.full`, which has IDs.
    'url.template': route,
    'server.address': origin.hostname,
    'server.port': portOf(origin),
  };
  if (resends > 0) attributes['http.request.resend_count'] = resends;
  return { name: `${method} ${route}`, kind: 'CLIENT', attributes };
}

/** What a table hands over to be committed; `records` without the state. */
export interface CommitOf extends AtTable {
  readonly topic: string;
  readonly transactionalId: string;
  readonly records: number;
}

/** A commit of a table, from its hand-over on: its transaction may also hold commits of other tables. */
export function commitSpan({ connection, table, topic, transactionalId, records }: CommitOf): SpanPlan {
  return {
    name: `commit ${topic}`,
    kind: 'PRODUCER',
    attributes: {
      'intercom_kafka.connection': connection,
      'intercom_kafka.table': table,
      'intercom_kafka.transactional_id': transactionalId,
      'messaging.system': 'kafka',
      'messaging.operation.name': 'commit',
      'messaging.operation.type': 'send',
      'messaging.destination.name': topic,
      'messaging.batch.message_count': records,
    },
  };
}

function ofTable(what: string, { connection, table }: AtTable): SpanPlan {
  return {
    name: `${what} ${table}`,
    attributes: { 'intercom_kafka.connection': connection, 'intercom_kafka.table': table },
  };
}

function portOf({ protocol, port }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'http:' ? 80 : 443;
}
