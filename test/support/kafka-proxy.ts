/**
 * A TCP proxy in front of a broker that reads the requests on their way, and closes the connection instead of
 * passing some on.
 */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A request as it goes to the broker. */
export interface ProxiedRequest {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** The whole frame behind its length. */
  readonly frame: Buffer;
}

export interface KafkaProxy {
  readonly port: number;
  /** The requests that were passed on. */
  readonly passed: readonly ProxiedRequest[];
  close(): Promise<void>;
}

export async function startKafkaProxy(
  target: number,
  isRefused: (request: ProxiedRequest) => boolean,
): Promise<KafkaProxy> {
  const passed: ProxiedRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const broker = connect(target, '127.0.0.1');
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => other.destroy());
    }
    broker.pipe(client);
    let waiting = Buffer.alloc(0);
    client.on('data', (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE()) {
        const end = 4 + waiting.readInt32BE();
        const frame = waiting.subarray(4, end);
        const request = { apiKey: frame.readInt16BE(), apiVersion: frame.readInt16BE(2), frame };
        if (isRefused(request)) {
          client.destroy();
          return;
        }
        passed.push(request);
        broker.write(waiting.subarray(0, end));
        waiting = waiting.subarray(end);
      }
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  return { port: (server.address() as AddressInfo).port, passed, close };
}
