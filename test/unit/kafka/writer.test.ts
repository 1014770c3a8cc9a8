import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recordBytes, splitBySize } from '../../../src/kafka/writer.js';

const record = (bytes: number) => ({ topic: 't', key: Buffer.alloc(4), value: Buffer.alloc(bytes) });

describe('splitBySize', () => {
  it('keeps every record, in order, and each run within the limit unless it is a single record', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000 })), (sizes) => {
        const records = sizes.map(record);
        const runs = splitBySize(records, 2_000);
        expect(runs.flat()).toEqual(records);
        for (const run of runs) {
          const bytes = run.reduce((sum, each) => sum + recordBytes(each), 0);
          expect(run.length === 1 || bytes <= 2_000).toBe(true);
        }
      }),
    );
  });

  it('begins a new run only when the record does not fit', () => {
    const records = [100, 0, 1_000].map(record);
    const bytes = records.reduce((sum, each) => sum + recordBytes(each), 0);
    expect(splitBySize(records, bytes)).toHaveLength(1);
    expect(splitBySize(records, bytes - 1).map((run) => run.length)).toEqual([2, 1]);
    expect(splitBySize([...records, ...records], bytes).map((run) => run.length)).toEqual([3, 3]);
  });

  it('keeps each batch of a run within the limit, and begins a new run for none that has room', () => {
    const batch = fc.record({ topic: fc.constantFrom('a', 'b'), partition: fc.nat(2) });
    const sized = fc.array(fc.tuple(fc.integer({ min: 0, max: 1_500 }), batch));
    fc.assert(
      fc.property(sized, (all) => {
        const records = all.map(([bytes, at]) => ({ ...record(bytes), ...at }));
        const partitionOf = (each: object) => (each as { partition: number }).partition;
        const runs = splitBySize(records, 2_000, partitionOf) as (typeof records)[];
        expect(runs.flat()).toEqual(records);
        const bytesOf = (run: typeof records, { topic, partition }: { topic: string; partition: number }) =>
          run
            .filter((each) => each.topic === topic && each.partition === partition)
            .reduce((sum, each) => sum + recordBytes(each), 0);
        for (const [index, run] of runs.entries()) {
          for (const each of run) expect(bytesOf(run, each)).toBeLessThanOrEqual(2_000);
          const [next] = runs[index + 1] ?? [];
          if (next !== undefined) expect(bytesOf(run, next) + recordBytes(next)).toBeGreaterThan(2_000);
        }
      }),
    );
  });

  it('counts more for a record than its key and value', () => {
    expect(recordBytes(record(1_000))).toBeGreaterThan(1_004);
    expect(recordBytes({ topic: 't', key: Buffer.alloc(4), value: null })).toBeGreaterThan(4);
    const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
    const ofTrace = 'traceparent'.length + headers.traceparent.length;
    expect(recordBytes({ ...record(9), headers })).toBeGreaterThan(recordBytes(record(9)) + ofTrace);
  });
});
