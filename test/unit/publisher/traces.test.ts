/**
 * What a tracing SDK sees of the publisher, and what records carry of it: cycles over the simulator's HTTP
 * API, with the real SDK. What is published ends in a list in place of Kafka.
 */

import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  InMemorySpanExporter,
  NodeTracerProvider,
  type ReadableSpan,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-node';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Registry } from '../../../src/avro/registry.js';
import { NO_RULES } from '../../../src/avro/rules.js';
import { IntercomApi } from '../../../src/intercom/api.js';
import { PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import type { OutgoingRecord } from '../../../src/model/row.js';
import { tableSpan } from '../../../src/model/spans.js';
import { emptyState } from '../../../src/model/state.js';
import { asSearched } from '../../../src/model/table.js';
import type { TableName } from '../../../src/model/table-names.js';
import { flushSpans, inSpan } from '../../../src/model/tracing.js';
import { Delivery } from '../../../src/publisher/delivery.js';
import { HintWork } from '../../../src/publisher/hint-work.js';
import { TableSchema } from '../../../src/publisher/table-schema.js';
import { TopicLog } from '../../../src/publisher/topic-log.js';
import { TopicLookup } from '../../../src/publisher/topic-lookup.js';
import type { Simulator } from '../../../src/simulator/server.js';
import { runCycle } from '../../../src/sync/cycle.js';
import { EveryRow, RecentRows } from '../../../src/sync/published.js';
import type { TableSource, TableWork } from '../../../src/sync/source.js';
import { TableLedger } from '../../../src/sync/table-ledger.js';
import { TABLES } from '../../../src/tables/all.js';
import { confirmGone } from '../../../src/tables/confirm-gone.js';
import { readRow } from '../../../src/tables/read-row.js';
import { FakeRegistry } from '../../support/fake-registry.js';
import { NOW, simulate } from '../../support/simulator.js';
import { treesOf } from '../../support/spans.js';
import { TableModel } from '../sync/table-model.js';
import { rowLogOf } from '../sync/topic-model.js';
import { transportTo } from './simulator-transport.js';

vi.setConfig({ testTimeout: 120_000 });

const TOKEN = 'simulated-token';
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

/** For processors in the process, which exporters leave out. */
const RECORD_ONLY: Sampler = {
  shouldSample: () => ({ decision: SamplingDecision.RECORD }),
  toString: () => 'record only',
};

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

/** Loads the SDK as an operator does, and keeps what it exports. */
function loadSdk(sampler: Sampler = new AlwaysOnSampler()) {
  const exporter = new InMemorySpanExporter();
  // Times of starts are whole milliseconds.
  const started: string[] = [];
  const order: SpanProcessor = {
    onStart: (span) => void started.push(span.spanContext().spanId),
    onEnd: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const spanProcessors = [order, new SimpleSpanProcessor(exporter)];
  new NodeTracerProvider({ sampler, spanProcessors }).register();
  const placeOf = (span: ReadableSpan) => started.indexOf(span.spanContext().spanId);
  const spans = () => exporter.getFinishedSpans().toSorted((a, b) => placeOf(a) - placeOf(b));
  const named = (name: string) => spans().filter((span) => span.name === name);
  return { spans, named, trees: () => treesOf(spans().map(seen)), forget: () => exporter.reset() };
}

const seen = (span: ReadableSpan) => ({
  name: span.name,
  id: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId ?? null,
});
const codeOf = (span: ReadableSpan | undefined) => [
  span?.attributes['error.type'],
  span?.status.code === SpanStatusCode.ERROR,
];

interface World {
  readonly simulator: Simulator;
  readonly api: IntercomApi;
  readonly work: TableWork[];
  /** Everything that was committed, states included. */
  readonly sent: OutgoingRecord[];
  readonly end: AbortController;
  cycle(): ReturnType<typeof runCycle>;
}

/** Tables over the simulator's API, whose commits end in a list. */
async function open(...names: readonly TableName[]): Promise<World> {
  const { simulator } = await simulate({
    counts: { contacts: 180, companies: 3, conversations: 4, parts: 2 },
    seed: 23,
    now: () => NOW,
  });
  const registry = await FakeRegistry.start();
  const end = new AbortController();
  const transport = transportTo(simulator.url, TOKEN, end.signal);
  onTestFinished(async () => {
    end.abort();
    await transport.close();
    await registry.close();
  });
  const api = new IntercomApi(transport, end.signal);
  const sent: OutgoingRecord[] = [];
  const events = new Events();
  const work: TableWork[] = [];
  for (const name of names) {
    const schema = await openSchema(name, registry.url);
    const source = sourceOf(name, api, schema);
    const settings = { connection: 'acme', startDate: 0, lookback: 60, reconcile: '0 3 * * *' };
    const sink = deliveryOf(name, schema, sent);
    const rows = TABLES[name].reads === 'whole' ? new EveryRow() : new RecentRows();
    const restored = { state: emptyState(), written: { state: null, at: 0 }, rows };
    const ledger = new TableLedger({ source, sink, settings, events }, restored);
    work.push({ ledger, tasks: { reconcile: null, recovery: null, resync: null } });
  }
  const options = { abandon: () => undefined, awaitReconcile: true, onDone: () => undefined };
  return { simulator, api, work, sent, end, cycle: () => runCycle('acme', work, events, options) };
}

function openSchema(table: TableName, url: string): Promise<TableSchema> {
  const settings = { url, auth: null, ssl: null, register: 'always', compatibility: 'keep' } as const;
  return TableSchema.open({
    registry: new Registry(settings),
    topic: `intercom.acme.${table}`,
    table,
    key: TABLES[table].key,
    form: 'flat',
    rules: NO_RULES,
    shaping: { shape: async () => null },
    attributes: null,
    onWithout: () => undefined,
  });
}

function sourceOf(name: TableName, api: IntercomApi, schema: TableSchema): TableSource {
  const table = TABLES[name];
  const { ids, isGone } = asSearched(table) ?? {};
  const model = new TableModel();
  return {
    ...model.source,
    name,
    method: table.method,
    reads: table.reads,
    shape: (raw, at) => schema.shape(raw, at),
    pull: (window) => table.pull(api, window),
    isTooOld: () => false,
    confirmGone: (keys) => confirmGone(table, api, keys),
    retry: { read: (id) => readRow(table, api, id), pull: (window) => table.pull(api, window) },
    ids:
      ids === undefined || isGone === undefined
        ? null
        : {
            // A row that Intercom does not have.
            known: async () => ({ times: new Map([['gone', NOW - 10]]), until: null }),
            pull: (window) => ids(api, window),
            isGone: (id) => isGone(api, id),
            grain: async () => ({ unit: 'second' }),
          },
  };
}

function deliveryOf(table: TableName, schema: TableSchema, sent: OutgoingRecord[]): Delivery {
  const log = () => new TopicLog({ name: 'none', id: null, partitions: 1, starts: [0], ends: [0] });
  return new Delivery({
    connection: 'acme',
    table,
    topic: `intercom.acme.${table}`,
    maxRecordBytes: 1_000_000,
    deadLetters: { topic: 'intercom.acme.dead_letters', maxRecordBytes: 1_000_000 },
    stateTopic: 'intercom.state',
    transactionalId: 'intercom-kafka.acme',
    logs: { rows: log(), letters: log() },
    rowLog: rowLogOf(
      () => [],
      () => null,
    ),
    schema,
    writer: {
      commit: async (records) => {
        sent.push(...records);
        return new Map();
      },
    },
    deadLetterHashes: new Map(),
    childrenOf: null,
    lookup: new TopicLookup(async () => new Map(), new AbortController().signal),
  });
}

const rowsOf = (sent: readonly OutgoingRecord[], table: TableName) =>
  sent.filter(({ topic }) => topic === `intercom.acme.${table}`);

describe('a cycle', () => {
  it('is one trace: its tables, their pages, and of each page its request and its commit', async () => {
    const sdk = loadSdk();
    const { cycle } = await open('contacts', 'tags');
    expect(await cycle()).toEqual([]);
    const [tree = '', ...others] = sdk.trees();
    expect(others).toEqual([]);
    // Lists that the search cuts short are read for their page.
    const lists = /\n {6}GET \/contacts\/\{id\}\/.*/g;
    expect(tree.match(lists)?.length).toBeGreaterThan(0);
    const page = (table: string, request: string) =>
      [`    page ${table}`, `      ${request}`, `      commit intercom.acme.${table}`].join('\n');
    const contacts = page('contacts', 'POST /contacts/search');
    const searched = ['  table contacts', contacts, contacts].join('\n');
    const whole = ['  table tags', page('tags', 'GET /tags')].join('\n');
    expect(tree.replaceAll(lists, '')).toBe(['cycle', searched, whole].join('\n'));
    expect(new Set(sdk.spans().map((span) => span.spanContext().traceId)).size).toBe(1);
  });

  it('says what it did, in the words of the semantic conventions', async () => {
    const sdk = loadSdk();
    const { cycle, simulator } = await open('tags');
    await cycle();
    const count = [...simulator.workspace.rows('tags')].length;
    const acme = { 'intercom_kafka.connection': 'acme' };
    const tags = { ...acme, 'intercom_kafka.table': 'tags' };
    const [cycleSpan] = sdk.named('cycle');
    expect(cycleSpan?.attributes).toEqual({
      ...acme,
      'intercom_kafka.tables': ['tags'],
      'intercom_kafka.tables_failed': 0,
    });
    expect(sdk.named('table tags')[0]?.attributes).toEqual({
      ...tags,
      'intercom_kafka.records': count,
      'intercom_kafka.deletes': 0,
    });
    expect(sdk.named('page tags')[0]?.attributes).toEqual({ ...tags, 'intercom_kafka.rows': count });
    const [request] = sdk.named('GET /tags');
    expect(request).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
    expect(request?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(simulator.url).port),
      'url.template': '/tags',
    });
    const [commit] = sdk.named('commit intercom.acme.tags');
    expect(commit?.kind).toBe(SpanKind.PRODUCER);
    expect(commit?.attributes).toEqual({
      ...tags,
      'intercom_kafka.transactional_id': 'intercom-kafka.acme',
      'messaging.system': 'kafka',
      'messaging.operation.name': 'commit',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'intercom.acme.tags',
      'messaging.batch.message_count': count,
    });
    expect(sdk.spans().map(({ instrumentationScope }) => instrumentationScope.name)).toContain(
      'intercom-kafka',
    );
  });

  it('is part of the caller’s trace where a program embeds the publisher', async () => {
    const sdk = loadSdk();
    const { cycle } = await open('tags');
    await trace.getTracer('theirs').startActiveSpan('job', async (span) => {
      await cycle();
      span.end();
    });
    expect(sdk.trees()).toEqual([expect.stringMatching(/^job\n {2}cycle\n/)]);
  });
});

describe('the header traceparent', () => {
  it('names the span that committed the record', async () => {
    const sdk = loadSdk();
    const { cycle, sent } = await open('contacts');
    await cycle();
    const commits = new Map(
      sdk.named('commit intercom.acme.contacts').map((span) => [span.spanContext().spanId, span]),
    );
    const found = rowsOf(sent, 'contacts').map(({ headers }) => TRACEPARENT.exec(headers?.traceparent ?? ''));
    const spans = found.map((match) => commits.get(match?.[2] ?? ''));
    expect(found.length).toBe(180);
    expect(found.map((match) => match?.[1])).toEqual(spans.map((span) => span?.spanContext().traceId));
    for (const [id, span] of commits)
      expect(span.attributes['messaging.batch.message_count']).toBe(
        found.filter((match) => match?.[2] === id).length,
      );
  });

  it('changes nothing else of a record, and makes no row a new version', async () => {
    const plain = await open('contacts');
    await plain.cycle();
    loadSdk();
    const traced = await open('contacts');
    await traced.cycle();
    const without = ({ headers = {}, ...record }: OutgoingRecord) => {
      const { traceparent: _, fetched_at: __, ...others } = headers;
      return { ...record, headers: others };
    };
    expect(rowsOf(traced.sent, 'contacts').map(without)).toEqual(rowsOf(plain.sent, 'contacts').map(without));
    expect(
      traced.sent.every(({ topic, headers }) => topic !== 'intercom.state' || headers === undefined),
    ).toBe(true);
    traced.sent.length = 0;
    await traced.cycle();
    expect(rowsOf(traced.sent, 'contacts')).toEqual([]);
  });

  it.each([
    ['no SDK is loaded', () => undefined],
    ['the trace is not sampled', () => void loadSdk(new AlwaysOffSampler())],
    ['spans are recorded and not sampled', () => void loadSdk(RECORD_ONLY)],
  ])('is left out while %s', async (_, prepare) => {
    prepare();
    const { cycle, sent } = await open('contacts', 'tags');
    await cycle();
    expect(sent.length).toBeGreaterThan(180);
    expect(sent.filter(({ headers }) => headers !== undefined && 'traceparent' in headers)).toEqual([]);
  });
});

describe('a failure', () => {
  it('is the attempt’s: the next one counts how often the request was sent before', async () => {
    const sdk = loadSdk();
    const { cycle, simulator } = await open('tags');
    simulator.faults.inject({ kind: 'status', status: 500, match: 'GET /tags', times: 1 });
    expect(await cycle()).toEqual([]);
    const [first, second] = sdk.named('GET /tags');
    expect(first?.attributes).toMatchObject({ 'http.response.status_code': 500 });
    expect(first?.attributes).not.toHaveProperty('http.request.resend_count');
    expect(codeOf(first)).toEqual(['api-error', true]);
    expect(second?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'http.request.resend_count': 1,
    });
    expect(codeOf(second)).toEqual([undefined, false]);
    for (const name of ['page tags', 'table tags', 'cycle'])
      expect(codeOf(sdk.named(name)[0])).toEqual([undefined, false]);
  });

  it('marks page and table, and is counted by the cycle', async () => {
    const sdk = loadSdk();
    const { cycle, simulator } = await open('tags', 'contacts');
    simulator.faults.inject({ kind: 'reset', match: 'GET /tags' });
    expect(await cycle()).toMatchObject([{ table: 'tags' }]);
    expect(sdk.named('GET /tags').map(codeOf)).toEqual([
      ['api-unreachable', true],
      ['api-unreachable', true],
    ]);
    expect(sdk.named('GET /tags')[0]?.attributes).not.toHaveProperty('http.response.status_code');
    for (const name of ['page tags', 'table tags'])
      expect(codeOf(sdk.named(name)[0])).toEqual(['api-unreachable', true]);
    expect(codeOf(sdk.named('table contacts')[0])).toEqual([undefined, false]);
    expect(sdk.named('cycle')[0]?.attributes).toMatchObject({ 'intercom_kafka.tables_failed': 1 });
  });

  it.each([
    [new PublisherError('fenced', 'x'), ['fenced', true]],
    [new TypeError('x'), ['internal', true]],
    // It was asked for.
    [new PublisherError('stopped', 'x'), ['stopped', false]],
  ])('shows by its code: %s', async (error, shown) => {
    const sdk = loadSdk();
    const work = inSpan(tableSpan({ connection: 'acme', table: 'tags' }), () => Promise.reject(error));
    await expect(work).rejects.toBe(error);
    expect(codeOf(sdk.spans()[0])).toEqual(shown);
    expect(sdk.spans()[0]).toMatchObject({ events: [], ended: true });
  });
});

it('puts neither IDs, rows, tokens nor what Intercom says into spans', async () => {
  const sdk = loadSdk();
  const { cycle, simulator } = await open('conversation_parts', 'contacts', 'companies');
  const message = `no access for jane@example.com with ${TOKEN}`;
  const [row] = simulator.workspace.rows('conversations');
  simulator.faults.inject({ kind: 'status', status: 403, match: `GET /conversations/${row?.id}`, message });
  await cycle();
  const text = JSON.stringify(
    sdk
      .spans()
      .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
  );
  expect(sdk.named('GET /conversations/{id}').map(codeOf)).toContainEqual(['api-forbidden', true]);
  expect(text).toContain('POST /contacts/search');
  expect(text).not.toMatch(/@|\?|jane|simulated-token|no access/);
  const ids = ['contacts', 'conversations', 'companies'] as const;
  for (const table of ids)
    for (const { id } of simulator.workspace.rows(table)) expect(text).not.toContain(`${String(id)}"`);
});

it('traces a reconcile by itself, with a link to the cycle that started it', async () => {
  const sdk = loadSdk();
  const { cycle, work } = await open('contacts');
  await cycle();
  sdk.forget();
  const [contacts] = work;
  contacts?.ledger.change({ reconcile: { dueAt: new Date(0).toISOString(), walk: null } });
  await cycle();
  const [reconcile] = sdk.named('reconcile contacts');
  const [table] = sdk.named('table contacts');
  expect(reconcile?.parentSpanContext).toBeUndefined();
  expect(reconcile?.links.map(({ context: linked }) => linked.spanId)).toEqual([table?.spanContext().spanId]);
  expect(sdk.trees()).toContainEqual(
    ['reconcile contacts', '  POST /contacts/search', '  GET /contacts/{id}'].join('\n'),
  );
});

it('traces what is set aside by itself, with the error that ended the retries', async () => {
  const sdk = loadSdk();
  const { cycle, work, simulator } = await open('contacts');
  await cycle();
  sdk.forget();
  const failure = new PublisherError('api-error', 'x');
  const [contacts] = work;
  const [row] = simulator.workspace.rows('contacts');
  contacts?.ledger.setAside([{ id: String(row?.id), window: null, error: failure }]);
  contacts?.ledger.change({
    setAside: contacts.ledger.state.setAside.map((each) => ({ ...each, nextAt: new Date(0).toISOString() })),
  });
  simulator.faults.inject({ kind: 'status', status: 401, match: `GET /contacts/${row?.id}` });
  await expect(cycle()).rejects.toMatchObject({ code: 'credentials-refused' });
  expect(sdk.trees()).toContainEqual(['retry contacts', '  GET /contacts/{id}'].join('\n'));
  expect(codeOf(sdk.named('retry contacts')[0])).toEqual(['credentials-refused', true]);
});

it('traces notifications: each request, and what is published of them with links to their requests', async () => {
  const sdk = loadSdk();
  const { api, work, end, sent, simulator } = await open('contacts');
  const [contacts] = work;
  if (contacts === undefined) throw new Error('no table');
  const hints = new HintWork({
    tables: [{ table: TABLES.contacts, ledger: contacts.ledger }],
    api,
    events: new Events(),
    warn: () => undefined,
    deletes: true,
    signal: end.signal,
  });
  hints.caughtUp();
  const [row] = simulator.workspace.rows('contacts');
  const hint = { contact: [String(row?.id)], conversation: [], company: [], ticket: [] };
  hints.receive({ connection: 'acme', hint, at: Date.now() });
  await vi.waitFor(() => expect(sdk.named('publish contact')).toHaveLength(1), { timeout: 10_000 });
  expect(sdk.trees()).toEqual([
    ['fetch contact', '  GET /contacts/{id}'].join('\n'),
    ['publish contact', '  commit intercom.acme.contacts'].join('\n'),
  ]);
  const [fetched] = sdk.named('fetch contact');
  const [published] = sdk.named('publish contact');
  expect(published?.links.map(({ context: linked }) => linked)).toEqual([fetched?.spanContext()]);
  expect(published?.attributes).toEqual({ 'intercom_kafka.connection': 'acme' });
  expect(rowsOf(sent, 'contacts')[0]?.headers?.traceparent).toContain(published?.spanContext().traceId);
});

describe('the end of a process', () => {
  /** Loads an SDK that exports in batches, as operators do. */
  function loadBatching(exporter: SpanExporter): void {
    const processor = new BatchSpanProcessor(exporter, { scheduledDelayMillis: 60_000 });
    const provider = new NodeTracerProvider({ spanProcessors: [processor] });
    provider.register();
  }

  it('exports the spans that ended last', async () => {
    const exporter = new InMemorySpanExporter();
    loadBatching(exporter);
    await inSpan(tableSpan({ connection: 'acme', table: 'tags' }), async () => undefined);
    expect(exporter.getFinishedSpans()).toEqual([]);
    await flushSpans(10_000);
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['table tags']);
  });

  it('does not wait long for a collector that does not answer', async () => {
    loadBatching({ export: () => undefined, shutdown: async () => undefined });
    await inSpan(tableSpan({ connection: 'acme', table: 'tags' }), async () => undefined);
    const startedAt = performance.now();
    await flushSpans(50);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('has nothing to wait for without an SDK', async () => {
    await expect(flushSpans(60_000)).resolves.toBeUndefined();
  });
});
