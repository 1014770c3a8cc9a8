/** Lists inside a row that a reply cuts short. */

import type { Row } from '../../src/simulator/collection.js';

/** The row without them. */
export function withoutCutLists(row: Row): Row {
  const isCut = (value: unknown) =>
    typeof value === 'object' && value !== null && 'has_more' in value && value.has_more === true;
  return Object.values(row).some(isCut)
    ? Object.fromEntries(Object.entries(row).filter(([, value]) => !isCut(value)))
    : row;
}
