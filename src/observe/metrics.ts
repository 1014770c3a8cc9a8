/**
 * Metrics of the publisher for Prometheus. Names and units follow its conventions: seconds, bytes, `_total`
 * for counters.
 *
 * Labels have few values: connections and tables of the configuration, routes with placeholders, error codes,
 * and rows that are set aside now.
 */

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { AtTable, EventMap, Events } from '../model/events.js';
import { isUnderway } from '../model/resync.js';
import { type SetAside, subjectText } from '../model/set-aside.js';
import type { TableState } from '../model/state.js';
import { at, counters, gauges, histogram, keyOf, onLeft, onTableLeft, PREFIX, TABLE } from './instruments.js';

const REQUEST_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const COMMIT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const CYCLE_BUCKETS = [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400];
/**
 * Gauges among Node's own metrics with names of counters. `nodejs_active_resources` and similar metrics have
 * the same numbers by type.
 */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

export interface Metrics {
  readonly contentType: string;
  /** In Prometheus's text format. */
  text(): Promise<string>;
}

export interface MetricsOptions {
  readonly version: string;
  /** Called at every scrape. */
  readonly isReady: () => Promise<boolean>;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Counts these events from now on. */
export function countEvents(events: Events, options: MetricsOptions): Metrics {
  const registry = new Registry();
  countRows(events, registry);
  countSetAside(events, registry);
  countNotifications(events, registry);
  countRepeats(events, registry);
  countRequests(events, registry);
  countCommits(events, registry);
  countCycles(events, registry);
  countOwnership(events, registry);
  showPlace(events, registry, options.now ?? Date.now);
  showProcess(registry, options);
  return { contentType: registry.contentType, text: () => registry.metrics() };
}

function countRows(events: Events, registry: Registry): void {
  const counter = counters(registry, TABLE);
  const read = counter('rows_read_total', 'Rows read from the API, published or not.');
  const rows = counter('rows_published_total', 'New versions of rows published.');
  const tombstones = counter('tombstones_published_total', 'Tombstones published.');
  const letters = counter('dead_letters_total', 'Rows written to the dead-letter topic.');
  const unknown = counter('unknown_fields_total', 'Fields and values that no schema field holds.');
  const late = counter('late_rows_total', 'Rows that a search showed late, behind the bookmark.');
  const notShown = counter('rows_not_shown_total', 'Rows that the API counts and did not show.');
  const hinted = counter('hinted_rows_total', 'Rows and tombstones published because of notifications.');
  const readSoFar = new Map<string, number>();
  const republished = counter(
    'republished_rows_total',
    'Rows that a resync has published once more as they were.',
  );
  const countPublished = (event: EventMap['page:committed' | 'hints:committed' | 'resync:committed']) => {
    rows.inc(at(event), event.records);
    tombstones.inc(at(event), event.deletes);
    letters.inc(at(event), event.deadLetters);
    for (const count of event.unknownFields.values()) unknown.inc(at(event), count);
  };
  events.on('table:started', (event) => {
    readSoFar.set(keyOf(event), 0);
    for (const each of [read, rows, tombstones, letters, unknown, late]) each.inc(at(event), 0);
  });
  events.on('page:committed', (event) => {
    countPublished(event);
    read.inc(at(event), Math.max(0, event.progress.rows - (readSoFar.get(keyOf(event)) ?? 0)));
    readSoFar.set(keyOf(event), event.progress.rows);
    late.inc(at(event), event.late);
    notShown.inc(at(event), event.notShown);
  });
  events.on('deletions:committed', (event) => tombstones.inc(at(event), event.deletes));
  events.on('hints:committed', (event) => {
    countPublished(event);
    hinted.inc(at(event), event.records + event.deletes);
  });
  events.on('resync:committed', (event) => {
    countPublished(event);
    republished.inc(at(event), event.republished);
  });
}

/** The rows that each table has set aside, and the retries that succeeded. */
function countSetAside(events: Events, registry: Registry): void {
  const counter = counters(registry, TABLE);
  const added = counter('set_aside_total', 'Rows and windows set aside, because they could not be read.');
  const recovered = counter('set_aside_recovered_total', 'Rows and windows that could be read again.');
  const now = gauges(registry, TABLE)('set_aside', 'Rows and windows that are set aside now.');
  const since = gauges(registry, [...TABLE, 'subject'])(
    'set_aside_since_timestamp_seconds',
    'Since when each row (its ID) or window is set aside: at most 100 a table.',
  );
  const shown = new Map<string, readonly SetAside[]>();
  const show = (event: AtTable, entries: readonly SetAside[]) => {
    for (const entry of shown.get(keyOf(event)) ?? [])
      since.remove({ ...at(event), subject: subjectText(entry) });
    for (const entry of entries)
      since.set({ ...at(event), subject: subjectText(entry) }, Date.parse(entry.firstAt) / 1_000);
    shown.set(keyOf(event), entries);
    now.set(at(event), entries.length);
  };
  events.on('table:restored', (event) => show(event, event.state.setAside));
  events.on('set-aside:added', (event) => added.inc(at(event)));
  events.on('set-aside:recovered', (event) => recovered.inc(at(event)));
  events.on('set-aside:changed', (event) => show(event, event.entries));
  onTableLeft(events, (labels) => {
    show(labels, []);
    now.remove(labels);
  });
}

function countNotifications(events: Events, registry: Registry): void {
  const answered = counters(registry, ['connection', 'status'])(
    'notifications_total',
    'Notifications of webhooks, by the status they were answered with.',
  );
  events.on('webhook:answered', ({ connection, status }) =>
    answered.inc({ connection, status: String(status) }),
  );
}

function countRepeats(events: Events, registry: Registry): void {
  const repeated = counters(registry, TABLE)(
    'windows_repeated_total',
    'Windows read again because rows left them meanwhile.',
  );
  events.on('window:repeated', (event) => repeated.inc(at(event)));
}

function countRequests(events: Events, registry: Registry): void {
  const connection = counters(registry, ['connection']);
  const requests = counters(registry, ['connection', 'method', 'route', 'status'])(
    'api_requests_total',
    'Requests to the API, by its answer; status "none" had no answer.',
  );
  const retries = connection('api_retries_total', 'Requests that failed and were sent again.');
  const waited = connection(
    'api_budget_wait_seconds_total',
    'Time that requests have waited for the request budget.',
  );
  const duration = histogram(
    registry,
    'api_request_duration_seconds',
    'Time of a request, with its wait for the budget.',
    REQUEST_BUCKETS,
  );
  const gauge = gauges(registry, ['connection']);
  const used = gauge('api_budget_used_requests', 'Requests sent in the current window of the budget.');
  const limit = gauge('api_budget_limit_requests', 'Requests that the API grants in a window of the budget.');
  const waitedBefore = new Map<string, number>();
  events.on('api:attempt', ({ connection, method, route, status, ms, retryInMs, budget }) => {
    requests.inc({ connection, method, route, status: String(status ?? 'none') });
    retries.inc({ connection }, retryInMs === null ? 0 : 1);
    duration.observe({ connection }, ms / 1_000);
    used.set({ connection }, budget.used);
    if (budget.limit !== null) limit.set({ connection }, budget.limit);
    // A new session counts from zero.
    const before = waitedBefore.get(connection) ?? 0;
    const more = budget.waitedMs < before ? budget.waitedMs : budget.waitedMs - before;
    waitedBefore.set(connection, budget.waitedMs);
    waited.inc({ connection }, more / 1_000);
  });
  onLeft(events, (name) => {
    used.remove({ connection: name });
    limit.remove({ connection: name });
  });
}

function countCommits(events: Events, registry: Registry): void {
  const duration = histogram(
    registry,
    'commit_duration_seconds',
    'Time of a transaction, with its wait for those before it.',
    COMMIT_BUCKETS,
  );
  const counter = counters(registry, TABLE);
  const bytes = counter('committed_bytes_total', 'Keys and values committed, before compression.');
  const records = counter('committed_records_total', 'Records committed, states and dead letters included.');
  events.on('transaction:committed', (event) => {
    duration.observe({ connection: event.connection }, event.ms / 1_000);
    bytes.inc(at(event), event.bytes);
    // The table's state is one more record.
    records.inc(at(event), event.records + 1);
  });
}

function countCycles(events: Events, registry: Registry): void {
  const duration = histogram(
    registry,
    'cycle_duration_seconds',
    'Time of a cycle over the tables that were due.',
    CYCLE_BUCKETS,
  );
  const failures = counters(registry, [...TABLE, 'code'])(
    'table_failures_total',
    'Cycles of tables that failed.',
  );
  const gauge = gauges(registry, TABLE);
  const lasted = gauge('table_cycle_duration_seconds', 'Duration of the last complete cycle of a table.');
  const failing = gauge('table_failing', 'Whether the last cycle of a table failed.');
  const completed = gauge('table_completed_timestamp_seconds', 'End of the last complete cycle of a table.');
  const fresh = gauge(
    'fresh_as_of_timestamp_seconds',
    'When the last complete cycle of a table started: what changed before is published.',
  );
  events.on('cycle:finished', ({ connection, ms }) => duration.observe({ connection }, ms / 1_000));
  events.on('table:restored', (event) => {
    failing.set(at(event), event.state.error === null ? 0 : 1);
    const finishedAt = event.state.cycle?.finishedAt ?? null;
    if (finishedAt !== null) completed.set(at(event), Date.parse(finishedAt) / 1_000);
    const { freshAsOf } = event.state;
    if (freshAsOf !== null) fresh.set(at(event), Date.parse(freshAsOf) / 1_000);
  });
  events.on('table:finished', (event) => {
    lasted.set(at(event), event.ms / 1_000);
    failing.set(at(event), 0);
    completed.set(at(event), Date.parse(event.summary.finishedAt ?? event.summary.startedAt) / 1_000);
    fresh.set(at(event), Date.parse(event.summary.startedAt) / 1_000);
  });
  events.on('table:failed', (event) => {
    failures.inc({ ...at(event), code: event.error.code });
    failing.set(at(event), 1);
  });
  const paused = gauge('table_paused', 'Whether an operator has paused a table.');
  events.on('table:restored', (event) => paused.set(at(event), event.state.paused ? 1 : 0));
  events.on('table:paused', (event) => paused.set(at(event), event.isPaused ? 1 : 0));
  const resyncing = gauge('table_resyncing', 'Whether a resync of a table is under way.');
  const showResync = (event: AtTable, resync: TableState['resync']) =>
    resyncing.set(at(event), isUnderway(resync) ? 1 : 0);
  events.on('table:restored', (event) => showResync(event, event.state.resync));
  events.on('resync:changed', (event) => showResync(event, event.resync));
  onTableLeft(events, (labels) => {
    for (const each of [lasted, failing, completed, fresh, paused, resyncing]) each.remove(labels);
  });
}

function countOwnership(events: Events, registry: Registry): void {
  const owned = gauges(registry, ['connection'])(
    'connection_owned',
    'Whether a connection that falls to this instance is being served.',
  );
  const failures = counters(registry, ['connection', 'code'])(
    'connection_failures_total',
    'Sessions of connections that failed.',
  );
  const served = new Set<string>();
  events.on('instance:assigned', ({ connections }) => {
    for (const connection of connections) owned.set({ connection }, served.has(connection) ? 1 : 0);
  });
  events.on('connection:owned', ({ connection }) => {
    served.add(connection);
    owned.set({ connection }, 1);
  });
  events.on('connection:released', ({ connection }) => {
    served.delete(connection);
    owned.set({ connection }, 0);
  });
  events.on('connection:failed', ({ connection, error }) => failures.inc({ connection, code: error.code }));
  // A removed connection is released after its last commit, and that is after the event that reports its
  // removal.
  onLeft(events, (connection) => owned.remove({ connection }));
}

/** The lag of each table, computed at each scrape: it grows without events, too. */
function showPlace(events: Events, registry: Registry, now: () => number): void {
  const bookmarks = new Map<string, { labels: ReturnType<typeof at>; bookmark: number }>();
  const bookmarkTime = gauges(registry, TABLE)(
    'bookmark_timestamp_seconds',
    'Time of change up to which a table is published completely.',
  );
  new Gauge({
    name: `${PREFIX}_bookmark_lag_seconds`,
    help: 'Deprecated, see fresh_as_of_timestamp_seconds: time between a bookmark and now, which grows while nothing changes in the workspace.',
    labelNames: TABLE,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, bookmark } of bookmarks.values()) this.set(labels, now() / 1_000 - bookmark);
    },
  });
  const move = (event: AtTable, bookmark: TableState['bookmark']) => {
    if (bookmark === null) return;
    bookmarks.set(keyOf(event), { labels: at(event), bookmark });
    bookmarkTime.set(at(event), bookmark);
  };
  events.on('table:restored', (event) => move(event, event.state.bookmark));
  events.on('page:committed', (event) => move(event, event.bookmark));
  events.on('table:finished', (event) => move(event, event.bookmark));
  onTableLeft(events, (labels) => {
    bookmarks.delete(keyOf(labels));
    bookmarkTime.remove(labels);
  });
}

function showProcess(registry: Registry, { version, isReady }: MetricsOptions): void {
  new Gauge({
    name: `${PREFIX}_build_info`,
    help: 'The version that runs; always 1.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  new Gauge({
    name: `${PREFIX}_ready`,
    help: 'Whether this instance is ready, as at /readyz.',
    registers: [registry],
    async collect() {
      this.set((await isReady()) ? 1 : 0);
    },
  });
  collectDefaultMetrics({ register: registry });
  for (const name of MISNAMED) registry.removeSingleMetric(name);
}
