/** Sends notifications as Intercom does. */

import { createHmac, randomUUID } from 'node:crypto';

export interface Answer {
  readonly status: number;
  readonly ms: number;
}

/** Signs a body with an app's client secret. */
function signatureOf(body: string, secret: string): string {
  return `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`;
}

export function notification(topic: string, item: unknown): string {
  const now = Math.floor(Date.now() / 1000);
  return JSON.stringify({
    type: 'notification_event',
    id: `notif_${randomUUID()}`,
    topic,
    app_id: 'sim',
    created_at: now,
    first_sent_at: now,
    delivery_attempts: 1,
    data: { type: 'notification_event_data', item },
  });
}

/** Posts a notification to a connection's webhook; headers may be laid over those that it has. */
export async function notify(
  url: string,
  secret: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
  connection = 'acme',
): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/webhooks/${connection}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', 'x-hub-signature': signatureOf(body, secret), ...headers },
  });
  await response.text();
  return { status: response.status, ms: performance.now() - startedAt };
}
