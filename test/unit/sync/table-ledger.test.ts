import { expect, it } from 'vitest';
import { TableCycle } from '../../../src/sync/table-cycle.js';
import { page, row, TableModel } from './table-model.js';

it('forgets rows that were deleted long ago once a reading of the whole table has not met them', async () => {
  const model = new TableModel({ name: 'companies', reads: 'whole' });
  for (const rows of [[row('a', 200), row('b', 200)], [row('b', 200)]]) {
    model.readings = [[page(rows)]];
    await new TableCycle(model, model.events).run(false);
  }
  expect(model.records).toEqual(['rows a there', 'rows b there', 'rows a gone']);
  const { ledger } = model;
  ledger.marks.beginReading();
  expect(ledger.unmet(0)).toEqual(['b']);
  expect(ledger.known('a')?.gone).toBe(true);
  expect(ledger.unmet(Number.POSITIVE_INFINITY)).toEqual(['b']);
  expect(ledger.known('a')).toBeUndefined();
});
