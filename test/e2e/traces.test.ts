/** Traces with a real Kafka: what records carry, and the example with the OpenTelemetry Collector. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { context, propagation, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { Collector, isAskedFor } from '../support/collector.js';
import { startCommand } from '../support/command.js';
import { Project } from '../support/project.js';
import { treesOf } from '../support/spans.js';
import type { Version } from '../support/topics.js';

/** As an operator gives it in `NODE_OPTIONS`. */
const SDK = fileURLToPath(new URL('../../examples/tracing/tracing.mjs', import.meta.url));
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

let project: Project;

beforeAll(async () => {
  project = await Project.open({
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    simulator: { counts: { contacts: 200 } },
    connection: { tables: { contacts: {}, tags: {} } },
  });
});
afterAll(() => project.close());

const traceOf = ({ headers }: Version) => TRACEPARENT.exec(headers.traceparent ?? '')?.[1];
const spanOf = ({ headers }: Version) => TRACEPARENT.exec(headers.traceparent ?? '')?.[2];

it('names the commit in each record, and publishes no row again for it, with and without an SDK', async () => {
  const exporter = new InMemorySpanExporter();
  new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register();
  onTestFinished(() => {
    trace.disable();
    context.disable();
    propagation.disable();
  });
  await project.cycle();
  const commits = exporter.getFinishedSpans().filter(({ name }) => name.startsWith('commit '));
  const ids = commits.map((span) => span.spanContext().spanId);
  const versions = [...(await project.versions('contacts')), ...(await project.versions('tags'))];
  expect(versions.length).toBeGreaterThan(200);
  for (const version of versions) expect(ids).toContain(spanOf(version));
  // Restored from the topic, and read again within the lookback.
  await project.cycle();
  trace.disable();
  await project.cycle();
  expect([...(await project.versions('contacts')), ...(await project.versions('tags'))]).toEqual(versions);
  project.simulator.workspace.touchMany('contacts', 3, { name: 'untraced' });
  await project.cycle();
  const untraced = (await project.versions('contacts')).filter(({ value }) => value?.name === 'untraced');
  expect(untraced.map(({ headers }) => headers.traceparent)).toEqual([undefined, undefined, undefined]);
});

describe.skipIf(!isAskedFor)(
  'the example (`npm run test:collector`: it needs Go, and minutes to build the collector)',
  () => {
    let dir: string;
    beforeAll(async () => {
      dir = await mkdtemp(join(tmpdir(), 'intercom-kafka-test-traces-'));
    });
    afterAll(() => rm(dir, { recursive: true, force: true }));

    it('has the collector write the whole cycle to its file, up to the end of the process', async () => {
      const collector = await Collector.start(join(dir, 'traces.jsonl'));
      project.simulator.workspace.touchMany('contacts', 5, { name: 'traced' });
      const env = {
        NODE_OPTIONS: `--import ${SDK}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        OTEL_SERVICE_NAME: 'intercom-kafka',
      };
      const { code, stderr } = await startCommand(['run', '--once', '--config', project.config], env)
        .finished;
      expect(code, stderr).toBe(0);
      const spans = await collector.stop();
      const [cycle, ...others] = treesOf(spans).filter((tree) => tree.startsWith('cycle'));
      expect(others).toEqual([]);
      const topic = project.topic('contacts');
      expect(cycle).toMatch(
        new RegExp(
          `\n {2}table contacts\n {4}page contacts\n {6}POST /contacts/search\n(?: {6}GET .*\n)* {6}commit ${topic}`,
        ),
      );
      expect(cycle).toMatch(/\n {2}table tags\n {4}page tags\n {6}GET \/tags/);
      expect(new Set(spans.map(({ service }) => service))).toEqual(new Set(['intercom-kafka']));
      const traced = (await project.versions('contacts')).filter(({ value }) => value?.name === 'traced');
      expect(traced.length).toBe(5);
      const commits = spans.filter(({ name }) => name === `commit ${topic}`);
      for (const version of traced)
        expect(commits.map(({ id, trace: traceId }) => [traceId, id])).toContainEqual([
          traceOf(version),
          spanOf(version),
        ]);
      const text = JSON.stringify(spans);
      expect(text).not.toContain(project.simulator.options.accessToken);
      expect(text).not.toContain('@');
    }, 900_000);
  },
);
