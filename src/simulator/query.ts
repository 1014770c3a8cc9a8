/** The search language: what is a valid query, and which rows it finds. */

import type { Row } from './collection.js';
import { ApiError } from './errors.js';

export interface Filter {
  readonly field: string;
  readonly operator: string;
  readonly value: unknown;
}

export interface Group {
  readonly operator: 'AND' | 'OR';
  readonly value: readonly Query[];
}

export type Query = Filter | Group;

const MAX_LEVELS = 2;
const MAX_FILTERS = 15;
const OPERATORS = new Set(['=', '!=', 'IN', 'NIN', '<', '<=', '>', '>=', '~', '!~', '^', '$']);
const DATE = /(_at|_since|_until)$/;

/** How the dates of a table are compared. */
export interface DateRules {
  /** Operators that dates take. */
  readonly operators: ReadonlySet<string>;
  compare(operator: string, time: number, value: number): boolean;
}

/** The query as it was sent, checked. Throws the API's error for one that it would refuse. */
export function parseQuery(raw: unknown, dates: DateRules, level = 1): Query {
  if (typeof raw !== 'object' || raw === null) throw invalid('query must be an object');
  const { field, operator, value } = raw as Partial<Record<'field' | 'operator' | 'value', unknown>>;
  if (operator === 'AND' || operator === 'OR') {
    if (!Array.isArray(value)) throw invalid('the value of AND and OR must be a list');
    if (level > MAX_LEVELS) throw invalid(`queries nest ${MAX_LEVELS} levels at most`);
    if (value.length > MAX_FILTERS) throw invalid(`a group holds ${MAX_FILTERS} filters at most`);
    return { operator, value: value.map((each) => parseQuery(each, dates, level + 1)) };
  }
  if (typeof field !== 'string' || typeof operator !== 'string' || !OPERATORS.has(operator))
    throw invalid('a filter has field, operator and value');
  if (DATE.test(field) && !dates.operators.has(operator))
    throw invalid(`operator ${operator} is not valid for ${field}`);
  if (DATE.test(field) && !Number.isFinite(Number(value)))
    throw invalid(`${field} is compared with a time in seconds`);
  return { field, operator, value };
}

export function matches(
  query: Query,
  row: Row,
  timeOf: (row: Row, field: string) => number,
  dates: DateRules,
): boolean {
  if ('field' in query) return matchesFilter(query, row, timeOf, dates);
  const one = (each: Query) => matches(each, row, timeOf, dates);
  return query.operator === 'AND' ? query.value.every(one) : query.value.some(one);
}

function matchesFilter(
  { field, operator, value }: Filter,
  row: Row,
  timeOf: (row: Row, field: string) => number,
  dates: DateRules,
): boolean {
  if (DATE.test(field)) return dates.compare(operator, timeOf(row, field), Number(value));
  const actual = field
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Row)[key] : undefined),
      row,
    );
  const [a, b] = [String(actual ?? ''), String(value ?? '')];
  switch (operator) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case 'IN':
      return Array.isArray(value) && value.map(String).includes(a);
    case 'NIN':
      return Array.isArray(value) && !value.map(String).includes(a);
    case '~':
      return a.includes(b);
    case '!~':
      return !a.includes(b);
    case '^':
      return a.startsWith(b);
    case '$':
      return a.endsWith(b);
    case '>':
      return Number(a) > Number(b);
    case '>=':
      return Number(a) >= Number(b);
    case '<':
      return Number(a) < Number(b);
    default:
      return Number(a) <= Number(b);
  }
}

/** Times (epoch seconds, both ends included) that the query's filters on `updated_at` can find; null when it filters by anything else. */
export function timeRange(
  query: Query,
  rangeOf: (operator: string, value: number) => [number, number] | null,
): [number, number] | null {
  if ('field' in query)
    return query.field === 'updated_at' ? rangeOf(query.operator, Number(query.value)) : null;
  const ranges = query.value.map((each) => timeRange(each, rangeOf));
  if (ranges.length === 0 || ranges.some((range) => range === null)) return null;
  const known = ranges as [number, number][];
  const lows = known.map(([low]) => low);
  const highs = known.map(([, high]) => high);
  if (query.operator === 'AND') return [Math.max(...lows), Math.min(...highs)];
  // An OR of ranges is one range only where they touch.
  const sorted = [...known].sort((a, b) => a[0] - b[0]);
  const gap = sorted.some(
    ([low], index) => index > 0 && low > Math.max(...sorted.slice(0, index).map(([, high]) => high)) + 1,
  );
  return gap ? null : [Math.min(...lows), Math.max(...highs)];
}

export function invalid(message: string): ApiError {
  return new ApiError(400, 'parameter_invalid', message);
}
