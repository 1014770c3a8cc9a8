/** Serves routes over HTTP for as long as the publisher runs. */

import { setTimeout as pause } from 'node:timers/promises';
import { asPublisherError, type PublisherError } from '../model/errors.js';
import type { Route } from './routes.js';
import { type HttpServer, type HttpSettings, startServer } from './server.js';

export interface ServeOptions {
  /** Called once it listens, with its URL. */
  readonly onListening: (url: string) => void;
  /** Called once when it can't listen; it keeps trying. */
  readonly onTrouble: (error: PublisherError) => void;
}

/**
 * Retry interval: a port that another instance on this machine uses is free as soon as that instance ends.
 */
const TRY_AGAIN_MS = 3_000;

/**
 * Starts the server. An address that is not available does not stop the publisher: it is reported, and
 * retried until it is free.
 */
export async function serveHttp(
  settings: HttpSettings,
  routes: readonly Route[],
  { onListening, onTrouble }: ServeOptions,
): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController();
  const listen = async () => {
    const server = await startServer(settings, routes);
    onListening(server.url);
    return server;
  };
  const listenLater = async (): Promise<HttpServer | null> => {
    for (;;) {
      try {
        await pause(TRY_AGAIN_MS, undefined, { signal: closing.signal });
        return await listen();
      } catch {
        if (closing.signal.aborted) return null;
      }
    }
  };
  const server = await listen()
    .then((listening) => ({ later: Promise.resolve<HttpServer | null>(listening) }))
    .catch((error: unknown) => {
      onTrouble(asPublisherError(error));
      return { later: listenLater() };
    });
  return {
    close: async () => {
      closing.abort();
      await (await server.later)?.close();
    },
  };
}
