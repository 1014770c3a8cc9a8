/** The endpoints of the tables that are off by default, over rows that a test holds. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import {
  ALL_TABLE_NAMES,
  isDefault,
  type TableName,
  type UsualTableName,
} from '../../src/model/table-names.js';
import { type Fault, Faults } from '../../src/simulator/faults.js';
import { withId, withNext } from '../../src/simulator/replies.js';

/** A table that is off by default. */
export type MoreTable = Exclude<TableName, UsualTableName>;

export const MORE_TABLES: readonly MoreTable[] = ALL_TABLE_NAMES.filter(isMore);

export function isMore(name: TableName): name is MoreTable {
  return !isDefault(name);
}

export type Row = Record<string, unknown>;

const PER_PAGE = 2;

interface Condition {
  readonly field?: string;
  readonly operator: string;
  readonly value: number | readonly Condition[];
}

interface Request {
  readonly url: URL;
  readonly body: { readonly query?: Condition; readonly pagination?: { readonly starting_after?: string } };
  /** What stands for `:id` in the path of the endpoint. */
  readonly id: string;
}

/** Null: there is no such row. */
type Reply = (rows: readonly Row[], request: Request) => Row | null;

/** The paths of each table, and how each of them replies. A path may have an `:id`. */
const ENDPOINTS: Readonly<Record<MoreTable, Readonly<Record<string, Reply>>>> = {
  activity_logs: { '/admins/activity_logs': replyWithLogs },
  articles: { '/articles': byPage('data', { hasNext: false }), '/articles/:id': one },
  conversation_attributes: {
    '/conversations/attributes': whole,
    // Where older versions of the API have them.
    '/data_attributes': whole,
  },
  help_center_collections: {
    '/help_center/collections': byPage('data'),
    '/help_center/collections/:id': one,
  },
  macros: { '/macros': byCursor('data'), '/macros/:id': one },
  subscription_types: { '/subscription_types': whole },
  ticket_types: { '/ticket_types': whole },
  tickets: { '/tickets/search': search('tickets'), '/tickets/:id': one },
};

export class MoreWorkspace {
  readonly rows: Record<MoreTable, Row[]>;
  /** Method and path of each request, without its query. */
  readonly requests: string[] = [];
  readonly url: string;
  /** Of the kinds that come in place of a reply. */
  readonly faults = new Faults(1);
  readonly #server: Server;

  private constructor(server: Server, rows: Record<MoreTable, Row[]>) {
    this.#server = server;
    this.rows = rows;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => {
      this.#serve(request, response).catch((error) => {
        send(response, 500, JSON.stringify(errorList('server_error', String(error))));
      });
    });
  }

  static async start(rows: Record<MoreTable, Row[]>): Promise<MoreWorkspace> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new MoreWorkspace(server, rows);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    this.requests.push(`${request.method} ${url.pathname}`);
    const reply = this.#answer(url, await jsonOf(request));
    const method = request.method ?? 'GET';
    const incoming = { method, path: request.url ?? '/', route: `${method} ${url.pathname}` };
    const idsOf = () => new Set(JSON.stringify(reply).match(/(?<="id":")[^"]*/g));
    const fault = this.faults.meet(incoming, idsOf);
    if (fault !== null) return await spoil(response, fault, JSON.stringify(reply));
    send(response, reply === null ? 404 : 200, JSON.stringify(reply ?? NOT_FOUND));
  }

  /** Null: no endpoint has the path, or no row the ID. */
  #answer(url: URL, body: Request['body']): Row | null {
    for (const [table, endpoints] of Object.entries(ENDPOINTS))
      for (const [path, reply] of Object.entries(endpoints)) {
        const id = idIn(url.pathname, path);
        if (id !== null) return reply(this.rows[table as MoreTable], { url, body, id });
      }
    return null;
  }
}

/** What a path has for `:id`, an empty text where the endpoint has no ID; null: another endpoint's path. */
function idIn(pathname: string, endpoint: string): string | null {
  const [before = '', after] = endpoint.split(':id');
  if (after === undefined) return pathname === endpoint ? '' : null;
  if (!pathname.startsWith(before) || !pathname.endsWith(after)) return null;
  const id = pathname.slice(before.length, pathname.length - after.length);
  return id === '' || id.includes('/') ? null : id;
}

function errorList(code: string, message: string) {
  return { type: 'error.list', errors: [{ code, message }] };
}

const NOT_FOUND = errorList('not_found', 'more-workspace.ts has no such endpoint or row');

function send(response: ServerResponse, status: number, body: string, type = 'application/json'): void {
  response.writeHead(status, { 'content-type': type });
  response.end(body);
}

async function spoil(response: ServerResponse, fault: Fault, body: string): Promise<void> {
  if (fault.kind === 'status') {
    await delay(fault.delay ?? 0);
    const list = errorList(fault.code ?? 'an_error', fault.message ?? 'as a test has it');
    send(response, fault.status, JSON.stringify(list));
  } else if (fault.kind === 'error-list-200') {
    send(response, 200, JSON.stringify({ type: 'error.list', errors: [{ code: 'server_error' }] }));
  } else if (fault.kind === 'html') send(response, fault.status ?? 200, '<html>nginx</html>', 'text/html');
  else if (fault.kind === 'empty-200') send(response, 200, '');
  else if (fault.kind === 'other-id') send(response, 200, withId(body, fault.id));
  else if (fault.kind === 'next') send(response, 200, withNext(body, fault.next));
  else if (fault.kind === 'truncated-json') send(response, 200, body.slice(0, body.length >> 1));
  else if (fault.kind === 'reset') response.destroy();
  else throw new Error(`this workspace has no fault ${fault.kind}`);
}

function whole(rows: readonly Row[]): Row {
  return { type: 'list', data: rows };
}

function one(rows: readonly Row[], request: Pick<Request, 'id'>): Row | null {
  return rows.find(({ id }) => String(id) === request.id) ?? null;
}

/** A page by its number. Without `hasNext` only the number of pages says that there is another one. */
function byPage(list: string, { hasNext = true } = {}): Reply {
  return (rows, { url }) => {
    const page = Number(url.searchParams.get('page') ?? 1);
    const total = Math.ceil(rows.length / PER_PAGE);
    const next = page < total ? `${url.origin}${url.pathname}?page=${page + 1}` : null;
    const pages = { type: 'pages', page, per_page: PER_PAGE, total_pages: total, ...(hasNext && { next }) };
    return { type: 'list', pages, [list]: rows.slice((page - 1) * PER_PAGE, page * PER_PAGE) };
  };
}

function byCursor(list: string): Reply {
  return (rows, { url }) => pageFrom(list, rows, url.searchParams.get('starting_after'));
}

function search(list: string): Reply {
  return (rows, { body: { query, pagination } }) => {
    const found = rows.filter((row) => query === undefined || matches(row, query));
    const newestFirst = found.sort((a, b) => Number(b.updated_at) - Number(a.updated_at));
    return pageFrom(list, newestFirst, pagination?.starting_after ?? null);
  };
}

function pageFrom(list: string, rows: readonly Row[], after: string | null): Row {
  const start = after === null ? 0 : rows.findIndex(({ id }) => id === after) + 1;
  const shown = rows.slice(start, start + PER_PAGE);
  const isLast = start + PER_PAGE >= rows.length;
  const next = isLast ? null : { per_page: PER_PAGE, starting_after: shown.at(-1)?.id };
  return { type: 'list', [list]: shown, total_count: rows.length, pages: { type: 'pages', next } };
}

function replyWithLogs(rows: readonly Row[], request: Request): Row | null {
  const limit = (name: string, otherwise: number) =>
    Number(request.url.searchParams.get(`created_at_${name}`) ?? otherwise);
  const isShown = ({ created_at: at }: Row) =>
    Number(at) > limit('after', 0) && Number(at) < limit('before', Infinity);
  return byPage('activity_logs')(rows.filter(isShown).reverse(), request);
}

function matches(row: Row, { field, operator, value }: Condition): boolean {
  if (Array.isArray(value)) {
    const each = (condition: Condition) => matches(row, condition);
    return operator === 'OR' ? value.some(each) : value.every(each);
  }
  const own = Number(row[field ?? '']);
  if (operator === '>') return own > Number(value);
  if (operator === '<') return own < Number(value);
  return own === Number(value);
}

async function jsonOf(request: IncomingMessage) {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
}
