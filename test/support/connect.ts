/** Kafka Connect as a user sets it up: a connector by its REST API, and its state. */

import type { ConnectServer } from '../../dev/stack.js';

interface Status {
  readonly connector: { readonly state: string; readonly trace?: string };
  readonly tasks: readonly { readonly state: string; readonly trace?: string }[];
}

/** Creates a connector. Throws with what the worker says against it. */
export async function createConnector(worker: ConnectServer, connector: string): Promise<void> {
  const response = await fetch(`${worker.url}/connectors`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: connector,
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}

/** What failed in a connector, or null. */
export async function failureOf(worker: ConnectServer, name: string): Promise<string | null> {
  const response = await fetch(`${worker.url}/connectors/${name}/status`);
  if (!response.ok) return null;
  const { connector, tasks } = (await response.json()) as Status;
  const failed = [connector, ...tasks].find(({ state }) => state === 'FAILED');
  return failed === undefined ? null : (failed.trace ?? 'failed');
}
