/**
 * What the simulator's replies showed: every version of every row, with when it was first and last shown.
 *
 * A version is a row's content in a reply. Rows with an `updated_at` have a version for each content. Rows
 * without one may return to an earlier content: each change is a version of its own then, in the order of the
 * replies. Lists that a reply cuts short (`has_more`) are left out: the publisher reads them from elsewhere.
 */

import { createHash } from 'node:crypto';
import type { UsualTableName } from '../../src/model/table-names.js';
import type { Row } from '../../src/simulator/collection.js';
import type { SeenReply, Simulator } from '../../src/simulator/server.js';
import { withoutCutLists } from './cut-lists.js';
import { epochMillis } from './lossless.js';

/** One version of a row. Times are epoch milliseconds. */
export interface SeenVersion {
  /**
   * Orders the versions of a key: `updated_at`, then what decides the window; null where the row has none.
   */
  readonly time: VersionTime;
  readonly firstAt: number;
  lastAt: number;
  /**
   * When a poll's reply showed it first (a search, a list, a scroll; of parts the detail); null: only fetches
   * by ID did.
   */
  firstPolledAt: number | null;
  /** Replies that showed it. */
  shows: number;
  /** A test has found the topics complete while this was the row's version. */
  isConfirmed: boolean;
  /** As the API sent it. */
  row(): Row;
}

export interface VersionTime {
  readonly updatedAt: number | null;
  /** Of a part: when its conversation was updated. */
  readonly parentUpdatedAt: number | null;
}

export interface SeenKey {
  readonly versions: SeenVersion[];
  /** When a reply that can't lag showed the row last, or null. */
  currentAt: number | null;
}

interface Shown {
  readonly table: UsualTableName;
  readonly rows: readonly Row[];
  readonly isPoll: boolean;
  /** Whether it shows the rows as they are, not as a search index has them. */
  readonly isCurrent: boolean;
}

export class SeenVersions {
  readonly #tables = new Map<UsualTableName, Map<string, SeenKey>>();

  /** Records every reply of this simulator from now on. */
  watch(simulator: Simulator): void {
    const lags = simulator.options.indexDelay > 0;
    simulator.onReply = (reply) => {
      for (const shown of shownBy(reply, lags)) this.note(shown, Date.now());
    };
  }

  note({ table, rows, isPoll, isCurrent }: Shown, at: number): void {
    const keys = this.#keysOf(table);
    for (const row of rows) {
      const key = keyOf(table, row);
      const seen = keys.get(key) ?? { versions: [], currentAt: null };
      keys.set(key, seen);
      if (isCurrent) seen.currentAt = at;
      const version = versionIn(seen.versions, table, row, at);
      version.lastAt = at;
      version.shows += 1;
      if (isPoll) version.firstPolledAt ??= at;
    }
  }

  of(table: UsualTableName): ReadonlyMap<string, SeenKey> {
    return this.#keysOf(table);
  }

  #keysOf(table: UsualTableName): Map<string, SeenKey> {
    const keys = this.#tables.get(table) ?? new Map<string, SeenKey>();
    this.#tables.set(table, keys);
    return keys;
  }
}

/** The key that a row must have, computed here. */
export function keyOf(table: UsualTableName, row: Row): string {
  if (!table.endsWith('_attributes')) return String(row.id);
  const text = (part: unknown) => (part === undefined ? '' : part === null ? 'None' : String(part));
  const parts = text(row.id) + text(row.name) + text(row.description);
  return createHash('sha256').update(parts).digest('hex');
}

export function timeOf(table: UsualTableName, row: Row): VersionTime {
  const parent = table === 'conversation_parts' ? row.conversation_updated_at : undefined;
  return { updatedAt: millisOrNull(row.updated_at), parentUpdatedAt: millisOrNull(parent) };
}

function millisOrNull(value: unknown): number | null {
  const millis = value === undefined || value === null ? Number.NaN : epochMillis(value);
  return Number.isNaN(millis) ? null : millis;
}

interface Kept extends SeenVersion {
  readonly text: Buffer;
}

/** The version with this row's content, a new one if need be. */
function versionIn(versions: SeenVersion[], table: UsualTableName, row: Row, at: number): SeenVersion {
  const time = timeOf(table, row);
  const text = Buffer.from(JSON.stringify(row));
  const candidates = time.updatedAt === null ? versions.slice(-1) : versions;
  const known = candidates.find((each) => (each as Kept).text.equals(text));
  if (known !== undefined) return known;
  const version: Kept = {
    time,
    text,
    firstAt: at,
    lastAt: at,
    firstPolledAt: null,
    shows: 0,
    isConfirmed: false,
    row: () => JSON.parse(text.toString('utf8')) as Row,
  };
  versions.push(version);
  return version;
}

/** The rows in a reply, where the publisher publishes what that endpoint shows. */
function shownBy({ route, query, body }: SeenReply, lags: boolean): Shown[] {
  const reply = body as Row;
  const list = (table: UsualTableName, field: string, isCurrent = true): Shown[] => [
    { table, rows: rowsUnder(reply, field), isPoll: true, isCurrent },
  ];
  const detail = (table: UsualTableName, row: Row): Shown => ({
    table,
    rows: [withoutCutLists(row)],
    isPoll: false,
    isCurrent: true,
  });
  switch (route) {
    case 'GET /admins':
      return list('admins', 'admins');
    case 'GET /teams':
      return list('teams', 'teams');
    case 'GET /tags':
      return list('tags', 'data');
    case 'GET /segments':
      return list(query.get('type') === 'company' ? 'company_segments' : 'segments', 'segments');
    case 'GET /data_attributes':
      return query.get('model') === 'conversation'
        ? []
        : list(query.get('model') === 'company' ? 'company_attributes' : 'contact_attributes', 'data');
    case 'GET /companies/scroll':
      return list('companies', 'data');
    case 'GET /companies/*':
      return [detail('companies', reply)];
    case 'POST /contacts/search':
      // Without merges only the IDs are read.
      return query.get('include_merge_history') === 'true' ? list('contacts', 'data', !lags) : [];
    case 'GET /contacts/*':
      return query.get('include_merge_history') === 'true' ? [detail('contacts', reply)] : [];
    case 'POST /conversations/search':
      return list('conversations', 'conversations');
    case 'GET /conversations/*':
      return conversationShown(reply, detail);
    default:
      return [];
  }
}

function conversationShown(reply: Row, detail: (table: UsualTableName, row: Row) => Shown): Shown[] {
  const { conversation_parts: list, ...conversation } = reply;
  const { conversation_parts: parts = [], total_count: total } = (list ?? {}) as {
    conversation_parts?: Row[];
    total_count?: number;
  };
  const rows = parts.map((part) => ({
    ...part,
    conversation_id: reply.id,
    conversation_created_at: reply.created_at,
    conversation_updated_at: reply.updated_at,
    conversation_total_parts: total,
  }));
  return [
    detail('conversations', conversation),
    { table: 'conversation_parts', rows, isPoll: true, isCurrent: true },
  ];
}

function rowsUnder(reply: Row, field: string): Row[] {
  // Texts that the simulator keeps become rows.
  const list = JSON.parse(JSON.stringify(reply[field] ?? [])) as Row[];
  return list.map(withoutCutLists);
}
