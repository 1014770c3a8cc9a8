/** Waits for the redirect of the browser from the authorization page to an address of this machine. */

import { once } from 'node:events';
import { createServer } from 'node:http';

const PAGE = (title: string, text: string) =>
  `<!doctype html><meta charset="utf-8"><title>${title}</title><body style="font:16px system-ui;margin:4em"><h1>${title}</h1><p>${text}</p>`;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Listens for the browser. `address` resolves with the address that it requests. */
export interface Redirect {
  readonly address: Promise<string>;
}

/**
 * Null when the address is not one of this machine, or when its port is not available: the operator then
 * pastes the address.
 */
export async function awaitRedirect(redirectUri: string, signal: AbortSignal): Promise<Redirect | null> {
  const { protocol, hostname, port, pathname } = new URL(redirectUri);
  if (protocol !== 'http:' || !LOOPBACK.has(hostname)) return null;
  const server = createServer();
  const address = new Promise<string>((resolve) => {
    server.on('request', (request, response) => {
      const url = new URL(request.url ?? '/', redirectUri);
      if (url.pathname !== pathname || !(url.searchParams.has('code') || url.searchParams.has('error'))) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
      response.end(PAGE('Thank you', 'intercom-kafka continues in the terminal. You can close this page.'));
      server.close();
      resolve(url.toString());
    });
  });
  signal.addEventListener('abort', () => server.close(), { once: true });
  const host = hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/[[\]]/g, '');
  try {
    await once(server.listen(Number(port || 80), host), 'listening');
    return { address };
  } catch {
    return null;
  }
}
