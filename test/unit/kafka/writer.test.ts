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

  it('counts more for a record than its key and value', () => {
    expect(recordBytes(record(1_000))).toBeGreaterThan(1_004);
    expect(recordBytes({ topic: 't', key: Buffer.alloc(4), value: null })).toBeGreaterThan(4);
  });
});
