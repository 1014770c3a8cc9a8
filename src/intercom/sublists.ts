/**
 * Completes the lists inside a contact. Each holds ten entries at most and says `has_more`; the rest is read from the
 * contact's own paths. Those are built here from the id: an URL in a reply is never followed, so none can lead the token away.
 */

import { PublisherError } from '../model/errors.js';
import { idOf, type RawRow } from '../model/row.js';
import { rowsIn } from './reply.js';
import type { ApiReply, Requester } from './transport.js';

interface Sublist {
  readonly field: string;
  /** Below `/contacts/{id}/`, and below `/` for the address of one entry. */
  readonly path: string;
  readonly type: string;
  /** The keys under which the reply holds the list: the description and its examples differ. */
  readonly lists: readonly string[];
  /** Of a shared path, the entries that belong to this list. */
  readonly consent?: string;
}

const SUBLISTS: readonly Sublist[] = [
  { field: 'tags', path: 'tags', type: 'tag', lists: ['data', 'tags'] },
  { field: 'companies', path: 'companies', type: 'company', lists: ['data', 'companies'] },
  { field: 'notes', path: 'notes', type: 'note', lists: ['data', 'notes'] },
  ...['opt_out', 'opt_in'].map((consent) => ({
    field: consent === 'opt_out' ? 'opted_out_subscription_types' : 'opted_in_subscription_types',
    path: 'subscriptions',
    type: 'subscription',
    lists: ['data'],
    consent,
  })),
];

const PER_PAGE = 50;
const MAX_PAGES = 2_000;

/** Whether some of the contact's lists hold only their beginning. */
export function isCutShort(contact: RawRow): boolean {
  return SUBLISTS.some(({ field }) => isShort(contact[field]));
}

/** The contact itself when all its lists are whole, else a copy with the whole lists, their entries as `{type, id, url}`. */
export async function completeSublists(transport: Requester, contact: RawRow): Promise<RawRow> {
  const whole = await Promise.all(
    SUBLISTS.map(async (sublist) => {
      const short = contact[sublist.field];
      if (!isShort(short)) return [];
      const data = await readAll(transport, sublist, idOf(contact));
      return data === null
        ? []
        : [[sublist.field, { ...short, data, total_count: data.length, has_more: false }]];
    }),
  );
  const fields = whole.flat();
  return fields.length === 0 ? contact : { ...contact, ...Object.fromEntries(fields) };
}

function isShort(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'has_more' in value && value.has_more === true;
}

/** Every entry of the list, or null when the contact has gone meanwhile. */
async function readAll(transport: Requester, sublist: Sublist, contactId: string): Promise<RawRow[] | null> {
  const entries = new Map<string, RawRow>();
  let cursor: string | null = null;
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const at = cursor === null ? `page=${page}` : `starting_after=${encodeURIComponent(cursor)}`;
    const path = `/contacts/${encodeURIComponent(contactId)}/${sublist.path}?per_page=${PER_PAGE}&${at}`;
    const reply = await readPage(transport, sublist, contactId, path);
    if (reply === null) return null;
    const rows = rowsIn(reply, sublist.lists);
    const known = entries.size;
    for (const row of rows.filter((each) => belongs(each, sublist)))
      entries.set(idOf(row), addressOf(row, sublist));
    const next = nextOf(reply.json.pages);
    // A path without pages answers every page number with the same list.
    if (next === null || rows.length === 0 || (known > 0 && entries.size === known)) break;
    cursor = next.cursor;
  }
  return [...entries.values()];
}

async function readPage(
  transport: Requester,
  { path, lists }: Sublist,
  id: string,
  at: string,
): Promise<ApiReply | null> {
  try {
    const route = `/contacts/{id}/${path}`;
    return await transport.request({ method: 'GET', path: at, route, scope: 'row', id, lists });
  } catch (error) {
    if (error instanceof PublisherError && error.code === 'api-not-found') return null;
    throw error;
  }
}

function belongs(row: RawRow, sublist: Sublist): boolean {
  return sublist.consent === undefined || row.consent_type === sublist.consent;
}

/** Entries come whole here and as addresses inside a contact; the address is the form that stays the same. */
function addressOf(row: RawRow, { type, path }: Sublist): RawRow {
  return {
    id: row.id,
    type: typeof row.type === 'string' ? row.type : type,
    url: typeof row.url === 'string' ? row.url : `/${path}/${idOf(row)}`,
  };
}

function nextOf(pages: unknown): { cursor: string | null } | null {
  if (typeof pages !== 'object' || pages === null || !('next' in pages) || !pages.next) return null;
  const next: unknown = pages.next;
  const cursor =
    typeof next === 'object' && next !== null && 'starting_after' in next ? next.starting_after : null;
  return { cursor: typeof cursor === 'string' && cursor !== '' ? cursor : null };
}
