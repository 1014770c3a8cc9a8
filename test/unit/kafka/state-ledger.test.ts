/** The states of an instance: each request sees what was written before it, and each record is read once. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ReadOptions, TopicRecord } from '../../../src/kafka/reader.js';
import { type LedgerReading, StateLedger, type TopicSource } from '../../../src/kafka/state-ledger.js';
import { stateRecord } from '../../../src/kafka/states.js';
import { emptyState } from '../../../src/model/state.js';

const FOREVER = new AbortController().signal;

/**
 * A topic of two partitions as a list of records each, read step by step: a record is seen if it is there
 * when the reading begins.
 */
class Log implements TopicSource {
  readonly logs: TopicRecord[][] = [[], []];
  reads = 0;
  atOnce = 0;
  mostAtOnce = 0;
  failures: Error[] = [];

  async partitions(): Promise<number> {
    return this.logs.length;
  }

  write(connection: string, bookmark: number): void {
    const { key, value } = stateRecord('t', connection, 'tags', { ...emptyState(), bookmark });
    const partition = connection.length % 2;
    const log = this.logs[partition] ?? [];
    log.push({ topic: 't', partition, offset: log.length, timestamp: 0, key, value, headers: {} });
  }

  async *read(_: string, { from, signal, onEnd }: ReadOptions): AsyncGenerator<readonly TopicRecord[]> {
    this.reads += 1;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      await settled();
      const ends = this.logs.map(({ length }) => length);
      for (const [partition, end] of ends.entries()) {
        const start = from instanceof Map ? (from.get(partition) ?? 0) : 0;
        if (start > end) throw new Error('OFFSET_OUT_OF_RANGE');
        const [failure] = this.failures.splice(0, 1);
        if (failure !== undefined) throw failure;
        await settled();
        if (signal?.aborted === true) throw new Error('stopped');
        if (end > start) yield (this.logs[partition] ?? []).slice(start, end);
      }
      onEnd?.(new Map(ends.entries()));
    } finally {
      this.atOnce -= 1;
    }
  }
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function ledgerOf(log: Log) {
  const readings: LedgerReading[] = [];
  const ledger = new StateLedger(log, 't', (reading) => readings.push(reading));
  const records = () => readings.reduce((sum, reading) => sum + reading.records, 0);
  return { ledger, records };
}

describe('StateLedger', () => {
  it('answers each request with all that was written before it, and reads each record once', async () => {
    const act = fc.oneof(
      fc.record({ write: fc.constantFrom('a', 'bb', 'c') }),
      fc.record({ ask: fc.constantFrom('a', 'bb', 'c') }),
      fc.constant({ pause: true as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 40 }), async (acts) => {
        const log = new Log();
        const { ledger, records } = ledgerOf(log);
        const written = new Map<string, number>();
        const answers: Promise<void>[] = [];
        for (const [at, next] of acts.entries()) {
          if ('write' in next) {
            log.write(next.write, at);
            written.set(next.write, at);
          } else if ('ask' in next) {
            const least = written.get(next.ask);
            const check = async () => {
              const bookmark = (await ledger.current(FOREVER)).get(next.ask, 'tags')?.bookmark;
              if (least !== undefined) expect(bookmark).toBeGreaterThanOrEqual(least);
            };
            answers.push(check());
          } else await settled();
        }
        await Promise.all(answers);
        expect(records()).toBeLessThanOrEqual(log.logs.flat().length);
        expect(log.mostAtOnce).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('reads once for all that ask meanwhile', async () => {
    const log = new Log();
    const { ledger, records } = ledgerOf(log);
    for (let index = 0; index < 100; index += 1) log.write('a', index);
    const first = ledger.current(FOREVER);
    await settled();
    await Promise.all([first, ...Array.from({ length: 50 }, () => ledger.current(FOREVER))]);
    expect(log.reads).toBe(2);
    expect(records()).toBe(100);
  });

  it('begins anew where the topic is shorter than it was', async () => {
    const log = new Log();
    const { ledger } = ledgerOf(log);
    log.write('a', 1);
    log.write('a', 2);
    log.write('bb', 3);
    await ledger.current(FOREVER);
    log.logs.splice(0, 2, [], []);
    log.write('a', 7);
    const states = await ledger.current(FOREVER);
    expect(states.get('a', 'tags')?.bookmark).toBe(7);
    expect(states.get('bb', 'tags')).toBeUndefined();
  });

  it('fails those who asked, and reads anew for the next', async () => {
    const log = new Log();
    const { ledger } = ledgerOf(log);
    log.write('a', 1);
    log.failures = [new Error('no leader')];
    await expect(ledger.current(FOREVER)).rejects.toThrow('no leader');
    expect((await ledger.current(FOREVER)).get('a', 'tags')?.bookmark).toBe(1);
  });

  it('lets one request go without the others, and ends a reading that no request waits for', async () => {
    const log = new Log();
    const { ledger } = ledgerOf(log);
    log.write('a', 1);
    const [one, other] = [new AbortController(), new AbortController()];
    const [gone, stays] = [ledger.current(one.signal), ledger.current(other.signal)];
    one.abort();
    await expect(gone).rejects.toMatchObject({ code: 'stopped' });
    expect((await stays).get('a', 'tags')?.bookmark).toBe(1);
    const alone = ledger.current(other.signal);
    other.abort();
    await expect(alone).rejects.toMatchObject({ code: 'stopped' });
    // A request that follows is not answered with the end of that one.
    expect((await ledger.current(FOREVER)).get('a', 'tags')?.bookmark).toBe(1);
    await expect(ledger.current(other.signal)).rejects.toMatchObject({ code: 'stopped' });
  });
});
