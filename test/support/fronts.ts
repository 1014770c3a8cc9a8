/**
 * Real servers that stand in front of others, as companies have them: a forward proxy, and TLS with basic
 * auth.
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import {
  createServer,
  request as forward,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificates.js';

export interface Login {
  readonly username: string;
  readonly password: string;
}

/** Something that listens, with what it let through. */
export interface Front {
  readonly port: number;
  /** For a forward proxy the host:port of each tunnel; for a reverse proxy the path of each request. */
  readonly passed: readonly string[];
  close(): Promise<void>;
}

/** A forward proxy that opens tunnels (`CONNECT`) for one user. */
export async function startForwardProxy(login: Login): Promise<Front> {
  const passed: string[] = [];
  const server = createServer((_, response) => response.writeHead(405).end());
  const tunnels = new Set<Duplex>();
  server.on('connect', ({ url = '', headers }, client: Duplex) => {
    tunnels.add(client.once('close', () => tunnels.delete(client)).on('error', () => client.destroy()));
    if (headers['proxy-authorization'] !== basic(login)) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n');
      return;
    }
    passed.push(url);
    const [host, port] = url.split(':');
    const target = connect(Number(port), host, () => client.write('HTTP/1.1 200 Established\r\n\r\n'));
    target.on('error', () => client.destroy()).on('close', () => client.destroy());
    client.on('close', () => target.destroy());
    target.pipe(client).pipe(target);
  });
  return listening(server, passed, tunnels);
}

/** Whether a request with this `Authorization` header is let through. */
export type Admits = (authorization: string | undefined) => boolean;

/**
 * A reverse proxy with TLS before an http URL, for one user, or for requests that a function admits. With `clientCa`
 * clients need a certificate that this authority has signed.
 */
export async function startTlsFront(
  target: string,
  certificate: Certificate,
  login: Login | Admits,
  clientCa?: string,
): Promise<Front> {
  const passed: string[] = [];
  const admits = typeof login === 'function' ? login : (given?: string) => given === basic(login);
  const [cert, key] = await Promise.all([readFile(certificate.cert), readFile(certificate.key)]);
  const clients = clientCa === undefined ? {} : { ca: await readFile(clientCa), requestCert: true };
  const server = createTlsServer({ cert, key, ...clients }, (request, response) => {
    if (!admits(request.headers.authorization)) {
      response
        .writeHead(401, { 'www-authenticate': 'Basic' })
        .end('{"error_code":40101,"message":"Unauthorized"}');
      return;
    }
    passed.push(request.url ?? '/');
    passOn(target, request, response);
  });
  return listening(server, passed, new Set());
}

/** A reverse proxy before an http URL, as the access rules of a registry that others own. */
export interface Guard extends Front {
  readonly url: string;
  /** Which requests (`METHOD path`) are answered with 403. */
  forbids: (request: string) => boolean;
}

export async function startGuard(target: string): Promise<Guard> {
  const { origin, pathname } = new URL(target);
  const passed: string[] = [];
  const rules: Pick<Guard, 'forbids'> = { forbids: () => false };
  const server = createServer((request, response) => {
    const name = `${request.method} ${request.url}`;
    if (rules.forbids(name)) {
      response
        .writeHead(403, { 'content-type': 'application/json' })
        .end(JSON.stringify({ error_code: 40301, message: `User is denied operation: ${name}` }));
      return;
    }
    passed.push(name);
    passOn(origin, request, response);
  });
  const front = await listening(server, passed, new Set());
  return Object.assign(rules, front, { url: `http://127.0.0.1:${front.port}${pathname}` });
}

function passOn(target: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '/', headers } = request;
  const onward = forward(new URL(url, target), {
    method,
    headers: { ...headers, host: new URL(target).host },
  });
  onward.on('response', (reply) => {
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(response);
  });
  onward.on('error', () => response.destroy());
  request.pipe(onward);
}

function basic({ username, password }: Login): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

async function listening(server: Server, passed: string[], tunnels: ReadonlySet<Duplex>): Promise<Front> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async () => {
    for (const tunnel of tunnels) tunnel.destroy();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, passed, close };
}
