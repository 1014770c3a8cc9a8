/** The search language: validates queries, and matches rows. */

import type { Row } from './collection.js';
import type { DateRules } from './dates.js';
import { invalid } from './errors.js';
import { secondsOf } from './generate/times.js';
import { contains, intersection, type Ranges, union } from './ranges.js';

interface DateFilter {
  readonly kind: 'date';
  readonly field: string;
  readonly found: Ranges;
}

interface ValueFilter {
  readonly kind: 'value';
  readonly field: string;
  readonly operator: string;
  readonly value: unknown;
}

interface AllOf {
  readonly kind: 'AND';
  readonly of: readonly Query[];
}

interface AnyOf {
  readonly kind: 'OR';
  readonly of: readonly Query[];
}

export type Query = DateFilter | ValueFilter | AllOf | AnyOf;

const MAX_LEVELS = 2;
const MAX_FILTERS = 15;
const OPERATORS = new Set(['=', '!=', 'IN', 'NIN', '<', '<=', '>', '>=', '~', '!~', '^', '$']);
const DATE = /(_at|_since|_until)$/;
/** Fields that stand for the IDs in a list. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  contact_ids: ['contacts.contacts'],
  teammate_ids: ['teammates.teammates', 'teammates.admins'],
  tag_ids: ['tags.tags'],
  tag_id: ['tags.data'],
  company_id: ['companies.data'],
};

/** Checks a query as it was sent. Throws the API's error for one that it would refuse. */
export function parseQuery(raw: unknown, dates: DateRules, level = 1): Query {
  if (typeof raw !== 'object' || raw === null) throw invalid('query must be an object');
  const { field, operator, value } = raw as Partial<Record<'field' | 'operator' | 'value', unknown>>;
  if (operator === 'AND' || operator === 'OR') {
    if (!Array.isArray(value) || value.length === 0) throw invalid('the value of AND and OR must be a list');
    if (level > MAX_LEVELS) throw invalid(`queries nest ${MAX_LEVELS} levels at most`);
    if (value.length > MAX_FILTERS) throw invalid(`a group holds ${MAX_FILTERS} filters at most`);
    return { kind: operator, of: value.map((each) => parseQuery(each, dates, level + 1)) };
  }
  if (typeof field !== 'string' || typeof operator !== 'string' || !OPERATORS.has(operator))
    throw invalid('a filter has field, operator and value');
  if ((operator === 'IN' || operator === 'NIN') !== Array.isArray(value))
    throw invalid('IN and NIN need a list, and no other operator accepts one');
  if (!DATE.test(field) || value === null) return { kind: 'value', field, operator, value };
  return { kind: 'date', field, found: dates(operator, numbersIn(field, value)) };
}

/** Dates as numbers; they may be sent as texts. */
function numbersIn(field: string, value: unknown): number[] {
  const numbers = [value].flat().map((each) => (each === '' ? Number.NaN : Number(each)));
  if (numbers.some(Number.isNaN)) throw invalid(`${field} must be epoch seconds`);
  return numbers;
}

/** The times of `updated_at` that a query finds; null when it filters by anything else. */
export function timesFound(query: Query): Ranges | null {
  if (query.kind === 'date') return query.field === 'updated_at' ? query.found : null;
  if (query.kind === 'value') return null;
  const parts = query.of.map(timesFound).filter((each) => each !== null);
  if (parts.length < query.of.length) return null;
  return query.kind === 'AND' ? intersection(parts) : union(parts);
}

/** Whether the query finds a row, whose fields are given by `read`. */
export function matches(query: Query, read: (field: string) => unknown): boolean {
  if (query.kind === 'AND') return query.of.every((each) => matches(each, read));
  if (query.kind === 'OR') return query.of.some((each) => matches(each, read));
  if (query.kind === 'date') return contains(query.found, secondsOf(read(query.field)));
  const actual = read(query.field);
  const values = Array.isArray(actual) ? actual : [actual];
  const negated = query.operator.startsWith('!') || query.operator === 'NIN';
  const one = (each: unknown) => compare(query.operator, each ?? null, query.value ?? null);
  return negated ? values.every(one) : values.some(one);
}

function compare(operator: string, actual: unknown, value: unknown): boolean {
  const [a, b] = [String(actual ?? ''), String(value ?? '')];
  switch (operator) {
    case '=':
      return a === b;
    case '!=':
      return a !== b;
    case 'IN':
      return (value as unknown[]).map(String).includes(a);
    case 'NIN':
      return !(value as unknown[]).map(String).includes(a);
    case '~':
      return a.toLowerCase().includes(b.toLowerCase());
    case '!~':
      return !a.toLowerCase().includes(b.toLowerCase());
    case '^':
      return a.startsWith(b);
    case '$':
      return a.endsWith(b);
    case '>':
      return actual !== null && Number(a) > Number(b);
    case '>=':
      return actual !== null && Number(a) >= Number(b);
    case '<':
      return actual !== null && Number(a) < Number(b);
    default:
      return actual !== null && Number(a) <= Number(b);
  }
}

/** The value of a field in a row, by its name in queries. */
export function valueIn(row: Row, field: string): unknown {
  const lists = LISTS[field];
  if (lists === undefined) return at(row, field);
  const entries = lists.flatMap((path) => (at(row, path) ?? []) as Row[]);
  return entries.map(({ id }) => id);
}

function at(row: Row, path: string): unknown {
  const step = (value: unknown, key: string) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Row)[key]
      : undefined;
  return path.split('.').reduce<unknown>(step, row);
}
