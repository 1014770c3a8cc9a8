/** Health, metrics and status of a running publisher, over HTTP. It only looks: nothing here changes what the publisher does. */

import { setTimeout as pause } from 'node:timers/promises';
import { asPublisherError, type PublisherError } from '../../model/errors.js';
import type { Events } from '../../model/events.js';
import { countEvents } from '../metrics.js';
import { statusPage } from './page.js';
import { followReadiness } from './readiness.js';
import { jsonReply, type Route, textReply } from './routes.js';
import { type HttpServer, type HttpSettings, startServer } from './server.js';
import { type ConfiguredConnection, StatusBoard } from './status.js';

export interface Observed {
  readonly events: Events;
  readonly version: string;
  /** As configured now. */
  readonly connections: () => readonly ConfiguredConnection[];
  /** Rejects when Kafka does not answer. */
  readonly ping: () => Promise<void>;
}

export interface ServeOptions {
  /** Told once it listens, with its URL. */
  readonly onListening: (url: string) => void;
  /** Told once when it can't listen; it goes on trying. */
  readonly onTrouble: (error: PublisherError) => void;
}

/** A port that another instance on this machine has is free as soon as that one ends. */
const TRY_AGAIN_MS = 3_000;

/**
 * Starts before the publisher does, so that no event is missed. An address that can't be listened on keeps nothing from being published: it
 * is reported, and tried again until it is free.
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

export function observerRoutes({ events, version, connections, ping }: Observed): Route[] {
  const readiness = followReadiness(events, { ping });
  const board = new StatusBoard(events, { version, connections, readiness });
  const isReady = async () => (await readiness()).ready;
  const metrics = countEvents(events, { version, isReady });
  const page = statusPage();
  return [
    { method: 'GET', path: '/', handle: async () => page },
    { method: 'GET', path: '/healthz', open: true, handle: async () => textReply(200, 'alive') },
    {
      method: 'GET',
      path: '/readyz',
      open: true,
      handle: async () => {
        const { ready, reasons, notes = [] } = await readiness();
        return ready ? textReply(200, ['ready', ...notes].join('\n')) : textReply(503, reasons.join('\n'));
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      handle: async () => ({
        status: 200,
        headers: { 'content-type': metrics.contentType },
        body: await metrics.text(),
      }),
    },
    { method: 'GET', path: '/api/status', handle: async () => jsonReply(200, await board.status()) },
  ];
}
