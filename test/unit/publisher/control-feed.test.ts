/** What an instance follows of the control topic, whatever happens to that topic. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { controlRecord } from '../../../src/kafka/control.js';
import type { ReadOptions, TopicRecord } from '../../../src/kafka/reader.js';
import type { TopicFacts } from '../../../src/kafka/topics.js';
import { type Control, type ControlRequest, withRequest } from '../../../src/model/control.js';
import { PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import { ControlFeed } from '../../../src/publisher/control-feed.js';

const TOPIC = 'p.control';
const FOREVER = new AbortController().signal;
const FACTS: TopicFacts = {
  topic: TOPIC,
  id: 'a',
  partitions: 1,
  leaderless: [],
  cleanupPolicy: 'compact',
  maxMessageBytes: 1_048_588,
  config: new Map(),
};

/** The control topic as a list of records. */
class Log {
  records: TopicRecord[] = [];
  exists = true;
  /** What the next readings throw. */
  failures: Error[] = [];
  describeError: Error | null = null;
  /** Readings get no answer. */
  isSilent = false;
  change: (error: PublisherError) => void = () => undefined;
  readonly #waiting = new Set<() => void>();

  write(request: ControlRequest, before?: Control): Control {
    const control = withRequest(before, request, { id: `${this.records.length}${request}`, at: 0 });
    this.writeValue(JSON.stringify(control));
    return control;
  }

  writeValue(text: string): void {
    const { key } = controlRecord(
      TOPIC,
      'acme',
      'contacts',
      withRequest(undefined, 'sync', { id: '', at: 0 }),
    );
    const at = { topic: TOPIC, partition: 0, offset: this.records.length, timestamp: 0, headers: {} };
    this.records.push({ ...at, key, value: Buffer.from(text) });
    this.wake();
  }

  /** The topic is deleted and created again. */
  replace(): void {
    this.records = [];
  }

  wake(): void {
    for (const wake of this.#waiting) wake();
  }

  readonly topics = {
    describe: async () => {
      if (this.describeError !== null) throw this.describeError;
      return new Map(this.exists ? [[TOPIC, FACTS]] : []);
    },
    ensure: async () => new Map([[TOPIC, FACTS]]),
  };
  readonly watch = {
    add: (_: unknown, onChange: (error: PublisherError) => void) => {
      this.change = onChange;
      return () => undefined;
    },
  };
  readonly reader = {
    read: (_: string, options: ReadOptions) => this.#read(options),
    close: async () => undefined,
  };

  async *#read({ from, until, signal, onEnd }: ReadOptions): AsyncGenerator<readonly TopicRecord[]> {
    let position = from instanceof Map ? (from.get(0) ?? 0) : 0;
    for (;;) {
      const [failure] = this.failures.splice(0, 1);
      if (failure !== undefined) throw failure;
      if (signal?.aborted === true) throw new PublisherError('stopped', 'stopped');
      const batch = this.isSilent ? [] : this.records.slice(position);
      position += batch.length;
      if (batch.length > 0) yield batch;
      else if (until === 'never' || this.isSilent) await this.#changed(signal);
      else return onEnd?.(new Map([[0, position]]));
    }
  }

  #changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal?.addEventListener('abort', wake, { once: true });
    });
  }
}

let log: Log;
let feed: ControlFeed;
let received: number[];
let warnings: string[];

beforeEach(() => {
  vi.useFakeTimers();
  log = new Log();
  received = [];
  warnings = [];
  const events = new Events();
  events.on('warning', ({ message }) => void warnings.push(message));
  const topics = { prefix: 'p', partitions: 3, replicationFactor: -1, config: {}, create: true };
  const { watch, reader } = log;
  feed = new ControlFeed({ kafka: { topics: log.topics, reader }, topics, events, watch, reader });
  feed.subscribe('acme', (_, { revision }) => received.push(revision));
});
afterEach(async () => {
  await feed.close();
  vi.useRealTimers();
});

const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const follow = async () => {
  feed.start();
  await passes(0);
};
const lost = (message: string) => new PublisherError('kafka-error', message);

it('passes on the newest request of each batch, and each that follows', async () => {
  const resumed = log.write('resume', log.write('pause'));
  await follow();
  expect(received).toEqual([2]);
  log.write('sync', log.write('pause', resumed));
  await passes(0);
  expect(received).toEqual([2, 4]);
  expect(feed.of('acme', 'contacts')).toMatchObject({ revision: 4, paused: true, sync: 4 });
});

it('passes on nothing again where its reading begins again', async () => {
  const resumed = log.write('resume', log.write('pause'));
  await follow();
  log.failures.push(lost('not authorized'));
  log.wake();
  await passes(10_000);
  expect(received).toEqual([2]);
  log.write('pause', resumed);
  await passes(0);
  expect(received).toEqual([2, 3]);
});

it('misses no request of a topic that was created again, however long its log is', async () => {
  const first = log.write('pause');
  await follow();
  log.replace();
  log.write('resume', first);
  await passes(0);
  log.change(new PublisherError('topic-invalid', 'created again'));
  await passes(3_000);
  expect(received).toEqual([1, 2]);
  expect(warnings).toEqual(['requests in the control topic are not followed: created again']);
});

describe('a start', () => {
  it('knows what was requested until now', async () => {
    log.write('pause');
    await feed.ready(FOREVER);
    expect(feed.of('acme', 'contacts')?.paused).toBe(true);
  });

  it('waits no longer than ten seconds for a topic that can’t be read, and reports it', async () => {
    log.isSilent = true;
    const ready = feed.ready(FOREVER);
    await passes(9_999);
    expect(warnings).toEqual([]);
    await passes(1);
    await ready;
    expect(warnings).toEqual([
      'requests in the control topic are not followed: topic p.control was not read within 10 s',
    ]);
  });

  it('ends with its caller’s signal', async () => {
    log.isSilent = true;
    const stop = new AbortController();
    const ready = feed.ready(stop.signal);
    stop.abort();
    await ready;
    expect(warnings).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('reports that it may not read the topic', async () => {
    log.describeError = lost('not authorized to access topics');
    await feed.ready(FOREVER);
    expect(warnings).toEqual([
      'requests in the control topic are not followed: not authorized to access topics',
    ]);
  });

  it('needs no topic', async () => {
    log.exists = false;
    await feed.ready(FOREVER);
    expect(warnings).toEqual([]);
  });
});

it('reports a topic that can’t be read once for as long as that lasts', async () => {
  const failure = lost('not authorized');
  log.failures = Array.from({ length: 5 }, () => failure);
  await follow();
  await passes(20_000);
  expect(warnings).toHaveLength(1);
  log.failures.push(failure);
  log.wake();
  await passes(10_000);
  expect(warnings).toHaveLength(2);
});

it('keeps what it follows where a newer version wrote a record, and reports that once', async () => {
  log.write('pause');
  await follow();
  for (const revision of [2, 3]) log.writeValue(`{"version":2,"revision":${revision}}`);
  await passes(0);
  expect(feed.of('acme', 'contacts')).toMatchObject({ revision: 1, paused: true });
  expect(warnings).toEqual([
    'the request for acme/contacts in topic p.control is not followed: a newer version of this program wrote it; run that version',
  ]);
});
