/**
 * A TCP proxy in front of a broker that plays a firewall which forgets connections: nothing arrives any more,
 * and nothing is reset.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface MutingProxy {
  readonly port: number;
  /** How many connections are open and carry something. */
  readonly alive: () => number;
  /**
   * Swallows what the connections of now still send, in both directions, for ever; new ones work. Returns how
   * many these are.
   */
  mute(): number;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly broker: Socket;
}

/** Listens on `port` and passes on to `target` on the loopback interface. */
export async function startMutingProxy(port: number, target: number): Promise<MutingProxy> {
  const working = new Set<Pair>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const broker = connect({ port: target, host: '127.0.0.1', noDelay: true });
    const pair = { client, broker };
    working.add(pair);
    for (const socket of [client, broker]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        if (!working.delete(pair)) return;
        client.destroy();
        broker.destroy();
      });
    }
    client.pipe(broker).pipe(client);
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    alive: () => working.size,
    mute: () => {
      const muted = [...working];
      working.clear();
      for (const { client, broker } of muted) {
        client.unpipe(broker).resume();
        broker.unpipe(client).resume();
      }
      return muted.length;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
