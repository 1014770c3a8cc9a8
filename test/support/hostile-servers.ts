/** Servers between a publisher and its API, or beside it, that do what no decent one would. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export type Rewrite = (reply: Reply, request: { readonly method: string; readonly path: string }) => Reply;

/**
 * Passes requests on to `target` and its replies back as `rewrite` leaves them. Ends with the test. Returns
 * its URL.
 */
export function startRewritingProxy(target: string, rewrite: Rewrite): Promise<string> {
  return serve(async (request, response) => {
    const { method = 'GET', url: path = '/' } = request;
    const { status, headers, text } = rewrite(await pass(target, request), { method, path });
    response.writeHead(status, headers).end(text);
  });
}

/** A host that has no business with anybody, and the requests that reach it all the same. */
export async function startBystander(): Promise<{ readonly url: string; readonly requests: string[] }> {
  const requests: string[] = [];
  const url = await serve(({ method, url: path, headers }, response) => {
    requests.push(`${method} ${path} ${headers.authorization ?? 'without a token'}`);
    response.end('{}');
  });
  return { url, requests };
}

/** Answers everything with a blank ten times a second, for ever. Ends with the test. Returns its URL. */
export function startTrickle(): Promise<string> {
  return serve((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write(' '), 100);
    response.once('close', () => clearInterval(timer));
  });
}

async function pass(target: string, request: IncomingMessage): Promise<Reply> {
  const { method = 'GET', url = '/', headers } = request;
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const kept = ['accept', 'authorization', 'content-type', 'intercom-version'];
  const passed = kept.flatMap((name) => (headers[name] === undefined ? [] : [[name, String(headers[name])]]));
  const body = method === 'GET' ? null : Buffer.concat(chunks);
  const reply = await fetch(target + url, { method, body, headers: Object.fromEntries(passed) });
  const {
    connection: _,
    'content-length': __,
    'transfer-encoding': ___,
    ...own
  } = Object.fromEntries(reply.headers);
  return { status: reply.status, headers: own, text: await reply.text() };
}

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
