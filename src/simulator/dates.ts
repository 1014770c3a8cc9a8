/** The meaning of date filters in a search: whole days of the workspace's time zone, or seconds. */

import { dayOf } from './days.js';
import { invalid } from './errors.js';
import type { SimulatorOptions } from './options.js';
import { complement, EARLIEST, LATEST, type Range, type Ranges, union } from './ranges.js';
import { isBefore } from './version.js';

/** The times that a filter finds. Throws the API's error for an operator that dates don't support. */
export type DateRules = (operator: string, values: readonly number[]) => Ranges;

/**
 * Dates of contacts by whole days up to version 2.16; of conversations, and of contacts from 2.17 on, by the
 * second.
 */
export function dateRules(
  options: Pick<SimulatorOptions, 'timeZone' | 'inclusive'>,
  kind: 'contacts' | 'conversations',
  version: string,
): DateRules {
  if (kind === 'conversations') return bySecond(options.inclusive);
  return isBefore(version, '2.17') ? byDay(options.timeZone) : bySecond(false);
}

function byDay(timeZone: string): DateRules {
  return (operator, [value = Number.NaN]) => {
    const [start, end] = dayOf(value, timeZone);
    if (operator === '=') return [[start, end]];
    if (operator === '>') return [[end + 1, LATEST]];
    if (operator === '<') return [[EARLIEST, start - 1]];
    throw invalid(`operator ${operator} is not valid for a date`);
  };
}

function bySecond(inclusive: boolean): DateRules {
  const edge = inclusive ? 0 : 1;
  return (operator, values) => {
    const [value = Number.NaN] = values;
    const equal = union(values.map((each): Range[] => [[each, each]]));
    switch (operator) {
      case '=':
      case 'IN':
        return equal;
      case '!=':
      case 'NIN':
        return complement(equal);
      case '>':
        return [[value + edge, LATEST]];
      case '<':
        return [[EARLIEST, value - edge]];
      case '>=':
        return [[value, LATEST]];
      case '<=':
        return [[EARLIEST, value]];
      default:
        throw invalid(`operator ${operator} is not valid for a date`);
    }
  };
}
