/** Asks a running publisher over HTTP. */

import type { Status } from '../../src/observe/status.js';
import type { RunningCommand } from './command.js';

/** Where a publisher with `http.port: 0` listens, once it says so. */
export async function addressOf(running: RunningCommand): Promise<string> {
  await running.until('status page, metrics and health: ');
  const [, url] = /status page, metrics and health: (http:[^"\s]+)/.exec(running.stderr()) ?? [];
  if (url === undefined) throw new Error(`no address in:\n${running.stderr()}`);
  return url;
}

export async function statusAt(url: string): Promise<Status> {
  const response = await fetch(`${url}/api/status`);
  return (await response.json()) as Status;
}
