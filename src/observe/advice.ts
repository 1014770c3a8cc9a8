/** What to do about each failure: the column of docs/operations.md, for the status page. */

import type { ErrorCode } from '../model/errors.js';

export const ADVICE: Readonly<Record<ErrorCode, string>> = {
  'api-unreachable': 'Wait. If it persists, check network, gateway, region and baseUrl.',
  'api-error': "Wait; see Intercom's status.",
  'api-unreadable': 'Usually an error page of a proxy: check gateway.',
  'api-rejected': "Compare apiVersion. The message has the request ID for Intercom's support.",
  'api-forbidden':
    'Grant it in the Developer Hub and renew the token, or leave the table out. check finds this before the first run.',
  'api-not-found': 'Leave the table out, or compare apiVersion.',
  'scroll-busy': 'Run one scroll at a time, or give each program its own app.',
  'scroll-broken': 'Wait: the next cycle reads it again.',
  'walk-unclean': 'Wait: the next cycle reads it again.',
  'plan-restricted':
    'Renew it. The publisher sends one request at most every 5 minutes, and catches up by itself. Where check says that the plan does not include a table, leave the table out.',
  'credentials-refused':
    'Run intercom-kafka connect NAME, or set a new accessToken. The publisher rereads a token file by itself.',
  'credentials-missing': 'Run intercom-kafka connect NAME.',
  'state-unreadable': 'Run the newer version, or repair the record in state.topic.',
  fenced: 'Nothing. If it persists, two deployments share state.group.',
  'kafka-unreachable': 'Wait, or check kafka.brokers, kafka.ssl, kafka.sasl.',
  'kafka-transaction-timeout':
    'Find what paused the publisher (a suspended VM, a throttled container) or slowed Kafka down.',
  'kafka-error': 'The message names it. Permissions: docs/security.md.',
  'topic-missing':
    "Follow the message, which has the setting and the broker's own words. intercom-kafka check lists all such topics.",
  'topic-invalid':
    "Follow the message, which has the setting and the broker's own words. intercom-kafka check lists all such topics.",
  'registry-unreachable': 'Wait, or check schemaRegistry.',
  'schema-rejected': 'Follow the message. See registries that others own.',
  'group-busy': 'Stop the instances first.',
  'http-unavailable': 'Use another port, or http: null.',
  'config-invalid': 'Follow the message: it lists every problem with its line.',
  'usage-invalid': 'Follow the message: it lists every problem with its line.',
  stopped: 'Nothing.',
  internal: 'Report it with the stack: the field err of the log line.',
};

/** Null for a code that this version does not know: a state may be of a newer one. */
export function adviceOn(code: string): string | null {
  return Object.hasOwn(ADVICE, code) ? ADVICE[code as ErrorCode] : null;
}
