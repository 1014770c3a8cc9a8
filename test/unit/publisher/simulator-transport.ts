import { Budget } from '../../../src/intercom/budget.js';
import { Transport } from '../../../src/intercom/transport.js';

/** A transport to a simulated API, which tries each request twice. */
export function transportTo(baseUrl: string, token: string, signal: AbortSignal): Transport {
  return new Transport({
    baseUrl,
    token,
    apiVersion: '2.16',
    gateway: null,
    budget: new Budget({ share: 1, maxInFlight: 20 }),
    onAttempt: () => undefined,
    attempts: 2,
    timeoutMs: 10_000,
    signal,
  });
}
