/**
 * A small HTTP server: finds the route, authenticates the client, and adds the security headers to every
 * answer.
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PublisherError } from '../model/errors.js';
import { findRoute, type Reply, type Route, textReply } from './routes.js';

export interface HttpSettings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Basic authentication, or null. */
  readonly auth: { readonly username: string; readonly password: string } | null;
}

export interface HttpServer {
  /** Its URL, with the assigned port. */
  readonly url: string;
  close(): Promise<void>;
}

/** Default headers; a route may override them. */
const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
} as const;

const REQUEST_TIMEOUT_MS = 10_000;
const MAX_SOCKETS = 200;

/** Throws `http-unavailable` when the address can't be listened on. */
export async function startServer(settings: HttpSettings, routes: readonly Route[]): Promise<HttpServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void answer(request, routes, settings.auth).then((reply) => send(request, response, reply));
  });
  server.maxConnections = MAX_SOCKETS;
  try {
    server.listen(settings.port, settings.host);
    await once(server, 'listening');
  } catch (error) {
    throw unavailable(settings, error);
  }
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  request: IncomingMessage,
  routes: readonly Route[],
  auth: HttpSettings['auth'],
): Promise<Reply> {
  const [path = ''] = (request.url ?? '').split('?');
  const found = findRoute(routes, request.method ?? '', path);
  const isOpen = 'route' in found && found.route.open === true;
  if (auth !== null && !isOpen && !isAuthorized(request.headers.authorization, auth)) {
    const reply = textReply(401, 'authentication required');
    return { ...reply, headers: { ...reply.headers, 'www-authenticate': 'Basic realm="intercom-kafka"' } };
  }
  if (!('route' in found)) return notFound(found.allowed);
  try {
    return await found.route.handle(request, found.segments);
  } catch {
    // The reason may contain details that the client must not see.
    return textReply(500, 'internal error');
  }
}

function notFound(allowed: readonly string[]): Reply {
  if (allowed.length === 0) return textReply(404, 'not found');
  const reply = textReply(405, `this path accepts ${allowed.join(', ')}`);
  return { ...reply, headers: { ...reply.headers, allow: allowed.join(', ') } };
}

function send(request: IncomingMessage, response: ServerResponse, { status, headers, body }: Reply): void {
  const bytes = Buffer.from(body);
  response.writeHead(status, { ...SECURITY_HEADERS, ...headers, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** Compares in constant time. */
function isAuthorized(header: string | undefined, auth: NonNullable<HttpSettings['auth']>): boolean {
  const [scheme = '', given = ''] = (header ?? '').split(' ');
  const wanted = `${auth.username}:${auth.password}`;
  const isSame = timingSafeEqual(sha256(Buffer.from(given, 'base64')), sha256(Buffer.from(wanted)));
  return isSame && scheme.toLowerCase() === 'basic';
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function unavailable({ host, port }: HttpSettings, cause: unknown): PublisherError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const why =
    code === 'EADDRINUSE'
      ? 'something else listens there'
      : code === 'EACCES'
        ? 'the system forbids it'
        : code;
  return new PublisherError(
    'http-unavailable',
    `can't listen on ${host}:${port}: ${why}; set http.host and http.port to a free address, or http to null`,
    { cause },
  );
}
