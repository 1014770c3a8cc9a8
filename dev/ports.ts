/** Ports for servers on this machine. */

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that operating systems give to outgoing connections: while a server is down for a restart,
 * no client may be given its port.
 */
const FIRST = 20_000;
const LAST = 32_000;

/** Whether a server could listen on this port of the loopback interface now. */
export async function isPortFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    await once(server.listen(port, '127.0.0.1'), 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

/** A port that nobody listens on, chosen at random so that parallel callers seldom meet. */
export async function freePort(): Promise<number> {
  const port = randomInt(FIRST, LAST);
  return (await isPortFree(port)) ? port : freePort();
}
