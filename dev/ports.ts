/** Ports for servers on this machine. */

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that operating systems assign to outgoing connections: while a server restarts, no client
 * can get its port.
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

/** A free port, chosen at random so that concurrent callers rarely choose the same one. */
export async function freePort(): Promise<number> {
  const port = randomInt(FIRST, LAST);
  return (await isPortFree(port)) ? port : freePort();
}
