/** The routes for health, metrics, status and the status page. They only report. */

import { jsonReply, type Route, textReply } from '../http/routes.js';
import type { Events } from '../model/events.js';
import { countEvents } from './metrics.js';
import { statusPage } from './page.js';
import { followReadiness } from './readiness.js';
import { type ConfiguredConnection, StatusBoard } from './status.js';

export interface Observed {
  readonly events: Events;
  readonly version: string;
  /** As configured now. */
  readonly connections: () => readonly ConfiguredConnection[];
  /** Rejects when Kafka does not answer. */
  readonly ping: () => Promise<void>;
  /** The time in epoch milliseconds at which a cron expression comes round next. */
  readonly nextTime: (schedule: string) => number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** Call it before the publisher starts, so that no event is missed. */
export function observerRoutes(observed: Observed): Route[] {
  const { events, version, ping } = observed;
  const readiness = followReadiness(events, { ping });
  const board = new StatusBoard(events, { ...observed, readiness });
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
    {
      method: 'GET',
      path: '/api/status',
      handle: async ({ url }) => jsonReply(200, await board.status(sinceIn(url))),
    },
  ];
}

/** The query's `since`, or null. */
function sinceIn(url = ''): string | null {
  const [, query] = url.split('?');
  return new URLSearchParams(query).get('since');
}
