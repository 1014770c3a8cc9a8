/** An OAuth 2 token endpoint that gives unsigned tokens for one client. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
}

export class TokenEndpoint {
  readonly url: string;
  /** The body of each request that it granted. */
  readonly granted: URLSearchParams[] = [];
  /** What it answers with in place of a token, or null. */
  instead: { readonly status: number; readonly body: string } | null = null;
  readonly #server: Server;

  private constructor(server: Server, client: Client) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
    server.on('request', async (request, response) => {
      const form = new URLSearchParams(await textOf(request));
      const { status, body } = this.instead ?? this.#answer(request.headers.authorization, form, client);
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  }

  static async start(client: Client): Promise<TokenEndpoint> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TokenEndpoint(server, client);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #answer(authorization: string | undefined, form: URLSearchParams, { clientId, clientSecret }: Client) {
    const id = [clientId, clientSecret].map(encodeURIComponent).join(':');
    const known = authorization === `Basic ${Buffer.from(id).toString('base64')}`;
    if (!known || form.get('grant_type') !== 'client_credentials')
      return { status: 401, body: JSON.stringify({ error: 'invalid_client' }) };
    this.granted.push(form);
    return {
      status: 200,
      body: JSON.stringify({ access_token: unsignedToken(clientId, 300), expires_in: 300 }),
    };
  }
}

/** A JSON web token without a signature, for a subject, that lives so many seconds. */
function unsignedToken(subject: string, seconds: number): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: subject, iat: now, exp: now + seconds })}.`;
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
