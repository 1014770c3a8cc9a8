/**
 * Helpers for metrics: names, labels, and removing labels of connections that this instance no longer serves.
 */

import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { AtConnection, AtTable, Events } from '../model/events.js';

export const PREFIX = 'intercom_kafka';
/** The labels of metrics by table. */
export const TABLE = ['connection', 'table'] as const;

/** Calls back for each connection that this instance stops serving. */
export function onLeft(events: Events, callback: (connection: string) => void): void {
  let known: readonly string[] = [];
  let gone: readonly string[] = [];
  events.on('instance:assigned', ({ connections }) => {
    gone = [...new Set([...known, ...gone])].filter((name) => !connections.includes(name));
    known = connections;
    for (const name of gone) callback(name);
  });
  events.on('connection:released', ({ connection }) => {
    if (gone.includes(connection)) callback(connection);
  });
}

/**
 * Calls back for each table that this instance stops serving, also when its connection continues without the
 * table.
 */
export function onTableLeft(events: Events, callback: (labels: ReturnType<typeof at>) => void): void {
  const tables = new Map<string, ReturnType<typeof at>>();
  const meet = (event: AtTable) => tables.set(keyOf(event), at(event));
  events.on('table:restored', meet);
  events.on('table:started', meet);
  const leave = (connection: string, kept: readonly string[]) => {
    const left = [...tables.values()].filter(
      (labels) => labels.connection === connection && !kept.includes(labels.table),
    );
    for (const labels of left) callback(labels);
  };
  onLeft(events, (connection) => leave(connection, []));
  events.on('connection:owned', ({ connection, tables: kept }) => leave(connection, kept));
}

export function counters<L extends string>(registry: Registry, labelNames: readonly L[]) {
  return (name: string, help: string) =>
    new Counter({ name: `${PREFIX}_${name}`, help, labelNames, registers: [registry] });
}

export function gauges<L extends string>(registry: Registry, labelNames: readonly L[]) {
  return (name: string, help: string) =>
    new Gauge({ name: `${PREFIX}_${name}`, help, labelNames, registers: [registry] });
}

export function histogram(registry: Registry, name: string, help: string, buckets: number[]) {
  const labelNames = ['connection'] as const;
  return new Histogram({ name: `${PREFIX}_${name}`, help, labelNames, buckets, registers: [registry] });
}

export function at({ connection, table }: AtTable) {
  return { connection, table };
}

export function keyOf({ connection, table }: AtConnection & { readonly table: string }): string {
  return `${connection}/${table}`;
}
