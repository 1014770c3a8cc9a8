/** The requests that tables send to Intercom: each method is one kind of reading, complete and validated. */

import { PublisherError } from '../model/errors.js';
import type { Entity } from '../model/hint.js';
import { digestOf } from '../model/json.js';
import { elementOf, isNoRow, isObject, type RawObject, type RawRow } from '../model/row.js';
import type { Window } from '../model/state.js';
import type { Deletion, Page } from '../model/table.js';
import { listDeletedConversations } from './deleted.js';
import { hasId } from './entity.js';
import { cursorIn, namesNext, stuck } from './next-page.js';
import { newestOf, numberOf, rowsIn } from './reply.js';
import { scrollCompanies } from './scroll.js';
import { newestFound, pageNewestFirst, type Search } from './search.js';
import { completeSublists } from './sublists.js';
import type { ApiReply, Requester } from './transport.js';

/** The workspace behind a token. */
export interface Workspace {
  readonly id: string | null;
  readonly name: string | null;
  readonly region: string | null;
  /** As Intercom names it; an IANA name as a rule. */
  readonly timeZone: string | null;
}

/** A bare list: everything in one reply, as a rule. */
export interface Listing {
  readonly path: string;
  readonly route: string;
  /** The keys under which the list may stand. */
  readonly lists: readonly string[];
  /** The ID of the row whose list this is; left out for a list of the workspace. */
  readonly id?: string;
}

/** One entity as the API shows it by itself. */
export interface Detail {
  readonly row: RawRow;
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
}

export type AttributeModel = 'contact' | 'company';

/** A version before the endpoint answers so: with an error list, and not with a gateway's page. */
function isNoSuchEndpoint(error: unknown): boolean {
  return error instanceof PublisherError && ['api-rejected', 'api-not-found'].includes(error.code);
}

/** Whether an attribute of the older list is one that every workspace has. */
function isStandard(row: RawRow): boolean {
  return !isNoRow(row) && row.custom !== true && (row.id === undefined || row.id === null);
}

export class IntercomApi {
  readonly #transport: Requester;
  readonly #signal: AbortSignal;

  constructor(transport: Requester, signal: AbortSignal) {
    this.#transport = transport;
    this.#signal = signal;
  }

  /** Returns the workspace of the token; throws `credentials-refused` when the token is not valid. */
  async workspace(): Promise<Workspace> {
    const { json } = await this.#transport.request({
      method: 'GET',
      path: '/me',
      route: '/me',
      scope: 'connection',
    });
    const app =
      typeof json.app === 'object' && json.app !== null ? (json.app as Record<string, unknown>) : {};
    return {
      id: textOf(app.id_code),
      name: textOf(app.name),
      region: textOf(app.region),
      timeZone: textOf(app.timezone),
    };
  }

  /**
   * Yields a bare list, following its pages where it has any. A path without pages answers every page number
   * with the same list, whatever it says of a next page.
   */
  async *list(listing: Listing): AsyncGenerator<Page> {
    let newest: number | null = null;
    let before: string | null = null;
    for (let page = 1; ; page += 1) {
      const separator = listing.path.includes('?') ? '&' : '?';
      const path = page === 1 ? listing.path : `${listing.path}${separator}page=${page}`;
      const scope = listing.id === undefined ? 'list' : 'row';
      const paging = 'number';
      const reply = await this.#transport.request({ ...listing, method: 'GET', scope, path, paging });
      const found = rowsIn(reply, listing.lists);
      const isPaged = found.length > 0 && hasNextPage(reply.json, page);
      const digest = isPaged || page > 1 ? digestOf(found.map(elementOf)) : null;
      const rows = digest === before && page > 1 ? [] : found;
      before = digest;
      const last = !isPaged || rows.length === 0;
      newest = newestOf(newest, rows, reply.serverNow);
      yield { rows, total: null, newest, last, fetchedAt: reply.receivedAt };
      if (last) return;
    }
  }

  /** Yields a list of cursors to its end. */
  async *cursorList(listing: Listing): AsyncGenerator<Page> {
    let newest: number | null = null;
    const known = new Set<string>();
    for (let cursor: string | null = null; ; ) {
      const after: string = cursor === null ? '' : `&starting_after=${encodeURIComponent(cursor)}`;
      const path = `${listing.path}${after}`;
      const reply: ApiReply = await this.#transport.request({
        ...listing,
        method: 'GET',
        scope: 'list',
        paging: 'cursor',
        path,
      });
      const rows = rowsIn(reply, listing.lists);
      cursor = rows.length === 0 ? null : cursorIn(reply.json);
      if (cursor !== null && known.has(cursor)) throw stuck(`GET ${listing.route}`);
      if (cursor !== null) known.add(cursor);
      newest = newestOf(newest, rows, reply.serverNow);
      yield { rows, total: null, newest, last: cursor === null, fetchedAt: reply.receivedAt };
      if (cursor === null) return;
    }
  }

  /**
   * Yields what teammates did in a window of `created_at`. New entries push older ones to the next page,
   * where they are seen twice.
   */
  async *activityLogs({ from, to }: Window): AsyncGenerator<Page> {
    const before = to === null ? '' : `&created_at_before=${to + 1}`;
    const path = `/admins/activity_logs?created_at_after=${Math.max(0, from - 1)}${before}`;
    const lists = ['activity_logs', 'data'];
    let newest: number | null = null;
    for await (const page of this.list({ path, route: '/admins/activity_logs', lists })) {
      const dated = page.rows.map((row) => ({ updated_at: row.created_at }));
      newest = newestOf(newest, dated, page.fetchedAt / 1000);
      yield { ...page, newest };
    }
  }

  /** Whether there is nothing of this ID any more under a path. */
  async isGone(path: string, id: string): Promise<boolean> {
    return (await this.#detail(path, id)) === null;
  }

  /** Yields the attributes of contacts or companies, archived ones included. */
  attributeList(model: AttributeModel): AsyncGenerator<Page> {
    const path = `/data_attributes?model=${model}&include_archived=true`;
    return this.list({ path, route: '/data_attributes', lists: ['data', 'data_attributes'] });
  }

  /** All attributes of contacts or companies. */
  attributes(model: AttributeModel): Promise<RawRow[]> {
    return rowsOf(this.attributeList(model));
  }

  /** All custom attributes of conversations: listed by themselves from 2.16 on, with the others before. */
  async conversationAttributes(): Promise<RawRow[]> {
    return rowsOf(this.conversationAttributeList());
  }

  /**
   * Yields the custom attributes of conversations, archived ones included. Before 2.16 they come with the
   * standard ones, which have no ID and are left out, as 2.16 does.
   */
  async *conversationAttributeList(): AsyncGenerator<Page> {
    const lists = ['data', 'conversation_attributes', 'data_attributes'];
    const newer = '/conversations/attributes?include_archived=true';
    const older = '/data_attributes?model=conversation&include_archived=true';
    try {
      yield* this.list({ path: newer, route: '/conversations/attributes', lists });
      return;
    } catch (error) {
      if (!isNoSuchEndpoint(error)) throw error;
    }
    for await (const page of this.list({ path: older, route: '/data_attributes', lists }))
      yield { ...page, rows: page.rows.filter((row) => !isStandard(row)) };
  }

  /** Yields the rows of a window of `updated_at`, newest first. */
  search(search: Search, window: Window): AsyncGenerator<Page> {
    return pageNewestFirst(this.#transport, search, window);
  }

  /** The row of a search that was updated last, by a page of one; null where it has none. */
  newest(search: Search): Promise<RawRow | null> {
    return newestFound(this.#transport, search);
  }

  /** Yields all companies. */
  companies(): AsyncGenerator<Page> {
    return scrollCompanies(this.#transport, this.#signal);
  }

  /** Yields some of the companies that have users, last seen first. */
  async *listedCompanies(rows: number): AsyncGenerator<Page> {
    const lists = ['data', 'companies'];
    const path = `/companies/list?per_page=${Math.min(rows, 50)}&page=1`;
    const reply = await this.#transport.request({
      method: 'POST',
      path,
      route: '/companies/list',
      scope: 'list',
      lists,
    });
    yield { rows: rowsIn(reply, lists), total: null, newest: null, last: true, fetchedAt: reply.receivedAt };
  }

  /** Whether there is no company of this ID any more. */
  async isCompanyGone(id: string): Promise<boolean> {
    return (await this.find('company', id)) === null;
  }

  /** Whether there is no contact of this ID any more: deleted, or merged into another one. */
  async isContactGone(id: string): Promise<boolean> {
    return (await this.find('contact', id)) === null;
  }

  /** Whether there is no conversation of this ID any more. */
  async isConversationGone(id: string): Promise<boolean> {
    return (await this.conversation(id)) === null;
  }

  /** The contact with those of its lists that were cut short read to their end. */
  completeContact(contact: RawRow): Promise<RawRow> {
    return completeSublists(this.#transport, contact);
  }

  /** Conversations deleted from `since` on (epoch seconds). */
  deletedConversations(since: number): Promise<Deletion[]> {
    return listDeletedConversations(this.#transport, since);
  }

  /** One conversation with its newest parts, or null when it is gone. */
  conversation(id: string): Promise<Detail | null> {
    return this.find('conversation', id);
  }

  /** One entity by its ID, or null where it no longer exists. */
  find(entity: Entity, id: string): Promise<Detail | null> {
    const { path, query } = DETAILS[entity];
    return this.#detail(path, id, query);
  }

  /** The same with those of its lists that were cut short read to their end. */
  async whole(entity: Entity, id: string): Promise<Detail | null> {
    const detail = await this.find(entity, id);
    if (detail === null || entity !== 'contact') return detail;
    return { ...detail, row: await this.completeContact(detail.row) };
  }

  async #detail(path: string, id: string, query = ''): Promise<Detail | null> {
    try {
      const reply = await this.#transport.request({
        method: 'GET',
        path: `${path}/${encodeURIComponent(id)}${query}`,
        route: `${path}/{id}`,
        scope: 'row',
        id,
      });
      // From version 2.16 on a merged contact is answered by 410. Where the survivor is shown in its place, it
      // says so.
      return hasId(reply.json, id) ? { row: reply.json, fetchedAt: reply.receivedAt } : null;
    } catch (error) {
      if (error instanceof PublisherError && error.code === 'api-not-found') return null;
      throw error;
    }
  }
}

/** Where an entity is requested by its ID, in the form that its table's readings have. */
const DETAILS: Readonly<Record<Entity, { readonly path: string; readonly query: string }>> = {
  contact: { path: '/contacts', query: '?include_merge_history=true' },
  conversation: { path: '/conversations', query: '' },
  company: { path: '/companies', query: '' },
  ticket: { path: '/tickets', query: '' },
};

async function rowsOf(pages: AsyncIterable<Page>): Promise<RawRow[]> {
  const rows: RawRow[] = [];
  for await (const page of pages) rows.push(...page.rows);
  return rows;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * Lists that are documented as whole may carry a `pages` object: an URL or an object as `next` means that
 * there is more, and so does a greater number of pages where `next` is left out.
 */
function hasNextPage(json: RawObject, page: number): boolean {
  const { pages } = json;
  if (!isObject(pages)) return false;
  const total = numberOf(pages.total_pages);
  if (!('next' in pages)) return page < total;
  return namesNext(json) && (Number.isNaN(total) || page < total);
}
