/** Sends replies, whole or as a fault changes them. */

import type { ServerResponse } from 'node:http';
import { ApiError } from './errors.js';
import type { Fault } from './faults.js';
import { bodyBytes } from './kept-texts.js';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const BLANKS = ' '.repeat(64 * 1024);

export function errorReply(error: ApiError): Reply {
  const body = {
    type: 'error.list',
    request_id: 'b68959ea-6328-4f70-83cb-e7913dba1542',
    errors: [{ code: error.code, message: error.message }],
  };
  return { status: error.status, headers: error.headers, body };
}

export function serverError(status = 500): Reply {
  return errorReply(new ApiError(status, CODES[status] ?? 'server_error', 'Something went wrong'));
}

/** The codes in error lists, by status. */
const CODES: Readonly<Record<number, string>> = {
  400: 'bad_request',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not_found',
  429: 'rate_limit_exceeded',
  503: 'service_unavailable',
};

export function send(response: ServerResponse, { status, headers, body }: Reply): void {
  sendText(response, status, headers, bodyBytes(body));
}

function sendText(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  text: string | Buffer,
): void {
  response.writeHead(status, { 'content-type': JSON_TYPE, ...headers }).end(text);
}

/** Faults that no status shows. */
const SUCCESSES = new Set<Fault['kind']>(['empty-200', 'error-list-200', 'other-id']);

/** The status that a reply goes out with. */
export function spoiltStatus(fault: Fault, { status }: Reply): number {
  if (fault.kind === 'status') return fault.status;
  if (fault.kind === 'html') return fault.status ?? 200;
  return SUCCESSES.has(fault.kind) ? 200 : status;
}

/** Sends a reply as the fault changes it. */
export async function spoil(fault: Fault, response: ServerResponse, reply: Reply): Promise<void> {
  const { headers } = reply;
  const status = spoiltStatus(fault, reply);
  const text = JSON.stringify(reply.body);
  switch (fault.kind) {
    case 'status':
      return send(response, {
        ...errorReply(
          new ApiError(
            status,
            fault.code ?? CODES[status] ?? 'server_error',
            fault.message ?? 'Something went wrong',
          ),
        ),
        headers: { ...headers, ...retryAfter(fault.retryAfter) },
      });
    case 'reset':
      response.destroy();
      return;
    case 'reset-mid-body':
      await begin(response, reply, text);
      response.destroy();
      return;
    case 'empty-200':
      return sendText(response, status, headers, '');
    case 'html':
      return sendText(
        response,
        status,
        { ...headers, 'content-type': 'text/html' },
        '<html><body>502 Bad Gateway</body></html>',
      );
    case 'truncated-json':
      return sendText(response, status, headers, text.slice(0, Math.floor(text.length / 2)));
    case 'error-list-200':
      return sendText(response, status, headers, JSON.stringify(serverError().body));
    case 'other-id':
      return sendText(response, status, headers, withId(text, fault.id));
    case 'next':
      return sendText(response, status, headers, withNext(text, fault.next));
    case 'slow-body':
      await begin(response, reply, text);
      await wait(fault.ms);
      response.end(rest(text));
      return;
    case 'huge-body':
      response.writeHead(status, { 'content-type': JSON_TYPE, ...headers });
      await writeBlanks(response, fault.bytes);
      response.end(text);
      return;
    case 'slow':
      return send(response, reply);
    case 'hang':
    // Nothing is sent, and the connection stays open.
  }
}

/** The reply with another row's ID, which may not exist. */
export function withId(text: string, id: string | number): string {
  const { type: _, ...row } = JSON.parse(text) ?? {};
  return JSON.stringify({ ...row, id });
}

/** The reply as a page with this as its `pages.next`. */
export function withNext(text: string, next: unknown): string {
  const page = JSON.parse(text);
  return JSON.stringify({ ...page, pages: { ...page.pages, next } });
}

/** Sends headers for the whole text, and its first half. */
async function begin(response: ServerResponse, { status, headers }: Reply, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  response.writeHead(status, {
    'content-type': JSON_TYPE,
    'content-length': String(bytes.length),
    ...headers,
  });
  await new Promise<void>((resolve) => response.write(bytes.subarray(0, bytes.length >> 1), () => resolve()));
}

function rest(text: string): Buffer {
  const bytes = Buffer.from(text);
  return bytes.subarray(bytes.length >> 1);
}

async function writeBlanks(response: ServerResponse, bytes: number): Promise<void> {
  for (let sent = 0; sent < bytes && !response.destroyed; sent += BLANKS.length)
    await new Promise<void>((resolve) => response.write(BLANKS, () => resolve()));
}

function retryAfter(seconds: number | undefined): Record<string, string> {
  return seconds === undefined ? {} : { 'Retry-After': String(seconds) };
}

export function wait(ms: number): Promise<void> {
  return ms <= 0 ? Promise.resolve() : new Promise((resolve) => setTimeout(resolve, ms));
}
