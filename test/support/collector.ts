/** The OpenTelemetry Collector, built once from its Go modules, with the example's configuration. */

import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '../../dev/ports.js';
import type { SeenSpan } from './spans.js';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../../dev/collector', import.meta.url));
const CONFIG = fileURLToPath(new URL('../../examples/tracing/collector.yaml', import.meta.url));

/** What `dev/collector/go.mod` says. */
const GO = { major: 1, minor: 26 };

/** Whether the collector can be built here, and is asked for: its first build takes several minutes. */
export const isAskedFor =
  process.env.OTEL_COLLECTOR === 'build' &&
  isNewEnough(spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8' }).stdout);

/** Null: there is no Go. */
function isNewEnough(version: string | null): boolean {
  const [major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(version ?? '') ?? []).slice(1).map(Number);
  return major > GO.major || (major === GO.major && minor >= GO.minor);
}

/** The collector's binary. Its first build on a machine takes minutes. */
async function build(): Promise<string> {
  const files = ['go.mod', 'go.sum', 'main.go'].map((file) => readFile(join(SOURCE, file)));
  const hash = createHash('sha256');
  for (const file of await Promise.all(files)) hash.update(file);
  const dir = fileURLToPath(
    new URL(`../../.dev/collector-${hash.digest('hex').slice(0, 12)}`, import.meta.url),
  );
  const binary = join(dir, 'otelcol');
  if (existsSync(binary)) return binary;
  await mkdir(dir, { recursive: true });
  const own = `${binary}-${process.pid}`;
  await run('go', ['build', '-mod=readonly', '-trimpath', '-o', own, '.'], { cwd: SOURCE });
  await rename(own, binary);
  return binary;
}

/** A span as the file has it. */
export interface WrittenSpan extends SeenSpan {
  readonly trace: string;
  readonly service: string | null;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** OTLP's JSON, as far as it is read here. */
interface Batch {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface Attribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly attributes?: readonly Attribute[];
}

export class Collector {
  /** For `OTEL_EXPORTER_OTLP_ENDPOINT`. */
  readonly url: string;
  readonly #file: string;
  readonly #end: () => Promise<void>;

  private constructor(of: { url: string; file: string; end: () => Promise<void> }) {
    this.url = of.url;
    this.#file = of.file;
    this.#end = of.end;
  }

  /** Starts one that writes to this file. */
  static async start(file: string): Promise<Collector> {
    const binary = await build();
    const endpoint = `127.0.0.1:${await freePort()}`;
    const child = spawn(binary, ['--config', CONFIG], {
      env: { ...process.env, OTLP_ENDPOINT: endpoint, TRACES_FILE: file },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exited = once(child, 'exit');
    let log = '';
    child.stderr.setEncoding('utf8');
    const ready = new Promise<void>((resolve) => {
      child.stderr.on('data', (text: string) => {
        log += text;
        if (log.includes('Everything is ready')) resolve();
      });
    });
    await Promise.race([ready, exited.then(() => Promise.reject(new Error(`the collector ended:\n${log}`)))]);
    const end = async () => {
      child.kill('SIGTERM');
      await exited;
    };
    return new Collector({ url: `http://${endpoint}`, file, end });
  }

  /** Ends it, and returns what it has written, in the order of the spans' starts (in milliseconds). */
  async stop(): Promise<WrittenSpan[]> {
    await this.#end();
    const lines = (await readFile(this.#file, 'utf8')).split('\n').filter((line) => line !== '');
    await rm(this.#file);
    return spansIn(lines.map((line) => JSON.parse(line) as Batch));
  }
}

function spansIn(batches: readonly Batch[]): WrittenSpan[] {
  const spans = batches.flatMap(({ resourceSpans }) =>
    resourceSpans.flatMap(({ resource, scopeSpans }) => {
      const service = valuesOf(resource.attributes)['service.name'];
      return scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ span, service })));
    }),
  );
  return spans
    .toSorted((a, b) => Number(BigInt(a.span.startTimeUnixNano) - BigInt(b.span.startTimeUnixNano)))
    .map(({ span, service }) => ({
      name: span.name,
      id: span.spanId,
      parent: span.parentSpanId || null,
      trace: span.traceId,
      service: typeof service === 'string' ? service : null,
      attributes: valuesOf(span.attributes ?? []),
    }));
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
