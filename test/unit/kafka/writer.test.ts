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
});
