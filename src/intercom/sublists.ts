/**
 * Completes the lists inside a contact. Each holds ten entries at most and says `has_more`; the rest is read
 * from the contact's own paths. What the list says of itself (`total_count`, `has_more`) stays as Intercom
 * sent it. The paths are built here from the ID: an URL in a reply is never followed, so none can send the
 * token elsewhere.
 */

import { PublisherError } from '../model/errors.js';
import { digestOf } from '../model/json.js';
import { elementOf, idOf, isNoRow, type RawRow, rowOf } from '../model/row.js';
import { cursorIn, namesNext } from './next-page.js';
import { rowsIn } from './reply.js';
import type { ApiReply, Requester } from './transport.js';

interface Sublist {
  readonly field: string;
  /** Below `/contacts/{id}/`, and below `/` for the address of one entry. */
  readonly path: string;
  readonly type: string;
  /** The keys under which the reply holds the list: the description and its examples differ. */
  readonly lists: readonly string[];
  /** Fields of an entry that Intercom documents: they are facts of the entry, and not of the contact. */
  readonly documented: ReadonlySet<string>;
  /** Of a shared path, the entries that belong to this list. */
  readonly consent?: string;
}

const fieldsOf = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const TAG = fieldsOf('id type url name applied_at applied_by');
const COMPANY = fieldsOf(
  'id type url company_id app_id name plan remote_created_at created_at updated_at last_request_at size website industry monthly_spend ' +
    'session_count user_count custom_attributes tags segments notes',
);
const NOTE = fieldsOf('id type url created_at contact user author body');
const SUBSCRIPTION = fieldsOf(
  'id type url state consent_type default_translation translations content_types',
);

const SUBLISTS: readonly Sublist[] = [
  { field: 'tags', path: 'tags', type: 'tag', lists: ['data', 'tags'], documented: TAG },
  {
    field: 'companies',
    path: 'companies',
    type: 'company',
    lists: ['data', 'companies'],
    documented: COMPANY,
  },
  { field: 'notes', path: 'notes', type: 'note', lists: ['data', 'notes'], documented: NOTE },
  ...['opt_out', 'opt_in'].map((consent) => ({
    field: consent === 'opt_out' ? 'opted_out_subscription_types' : 'opted_in_subscription_types',
    path: 'subscriptions',
    type: 'subscription',
    lists: ['data'],
    documented: SUBSCRIPTION,
    consent,
  })),
];

const PER_PAGE = 50;
const MAX_PAGES = 2_000;

/** Whether some of the contact's lists hold only their beginning. */
export function isCutShort(contact: RawRow): boolean {
  return SUBLISTS.some(({ field }) => isShort(contact[field]));
}

/**
 * Whether `whole` has every list of which the contact shows only the beginning: the lists of a contact that
 * was deleted meanwhile can't be read.
 */
export function hasWholeLists(contact: RawRow, whole: RawRow): boolean {
  return SUBLISTS.every(({ field }) => !isShort(contact[field]) || whole[field] !== contact[field]);
}

/** The contact itself when all its lists are whole, else a copy with the whole lists: see `entryOf`. */
export async function completeSublists(transport: Requester, contact: RawRow): Promise<RawRow> {
  const whole = await Promise.all(
    SUBLISTS.map(async (sublist) => {
      const short = contact[sublist.field];
      if (!isShort(short)) return [];
      const entries = await readAll(transport, sublist, idOf(contact));
      return entries === null ? [] : [[sublist.field, completed(short, entries, sublist)]];
    }),
  );
  const fields = whole.flat();
  return fields.length === 0 ? contact : { ...contact, ...Object.fromEntries(fields) };
}

function isShort(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && 'has_more' in value && value.has_more === true;
}

/** The list as it came, with every entry in it. */
function completed(short: RawRow, entries: readonly RawRow[], sublist: Sublist): RawRow {
  const key = ['data', sublist.field].find((each) => Array.isArray(short[each])) ?? 'data';
  const shown = (Array.isArray(short[key]) ? short[key] : []).map(rowOf);
  const own = new Map(shown.filter((row) => !isNoRow(row)).map((row) => [idOf(row), row]));
  const data = entries.map((row) => entryOf(row, own.get(idOf(row)), sublist));
  return { ...short, [key]: [...data, ...shown.filter(isNoRow)].map(elementOf) };
}

/** Every entry of the list, or null when the contact was deleted meanwhile. */
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
      entries.set(isNoRow(row) ? digestOf(elementOf(row)) : idOf(row), row);
    // A path without pages answers every page number with the same list.
    if (!namesNext(reply.json) || rows.length === 0 || (known > 0 && entries.size === known)) break;
    cursor = cursorIn(reply.json);
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
    return await transport.request({
      method: 'GET',
      path: at,
      route,
      scope: 'row',
      id,
      lists,
      paging: 'number',
    });
  } catch (error) {
    if (error instanceof PublisherError && error.code === 'api-not-found') return null;
    throw error;
  }
}

function belongs(row: RawRow, sublist: Sublist): boolean {
  return isNoRow(row) || sublist.consent === undefined || row.consent_type === sublist.consent;
}

/**
 * Entries are whole here, and addresses (ID, type, URL) inside a contact; the address is the form that stays
 * the same. The result adds the fields that the contact's own row has of the entry, and those that Intercom
 * does not document.
 */
function entryOf(row: RawRow, own: RawRow | undefined, { type, path, documented }: Sublist): RawRow {
  if (isNoRow(row)) return row;
  const unknown = Object.entries(row).filter(([key]) => !documented.has(key));
  return {
    id: row.id,
    type: typeof row.type === 'string' ? row.type : type,
    url: typeof row.url === 'string' ? row.url : `/${path}/${idOf(row)}`,
    ...Object.fromEntries(unknown),
    ...own,
  };
}
