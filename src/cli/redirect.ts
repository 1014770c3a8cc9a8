/** Waits for the browser to come back from the authorization page to an address of this machine. */

import { createServer } from 'node:http';

const PAGE = (title: string, text: string) =>
  `<!doctype html><meta charset="utf-8"><title>${title}</title><body style="font:16px system-ui;margin:4em"><h1>${title}</h1><p>${text}</p>`;

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The address that the browser asked for, once it comes; null at once for one that is not of this machine, or where the port is taken. */
export function awaitRedirect(redirectUri: string, signal: AbortSignal): Promise<string> | null {
  const { protocol, hostname, port, pathname } = new URL(redirectUri);
  if (protocol !== 'http:' || !LOOPBACK.has(hostname)) return null;
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', redirectUri);
      if (url.pathname !== pathname || !(url.searchParams.has('code') || url.searchParams.has('error'))) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', connection: 'close' });
      response.end(PAGE('Thank you', 'intercom-kafka goes on in the terminal. You can close this page.'));
      server.close();
      resolve(url.toString());
    });
    // Somebody else has the port: what is left is to paste the address.
    server.on('error', () => undefined);
    signal.addEventListener('abort', () => server.close(), { once: true });
    server.listen(
      Number(port || 80),
      hostname === 'localhost' ? '127.0.0.1' : hostname.replace(/[[\]]/g, ''),
    );
  });
}
