/**
 * A TCP proxy in front of a broker that loses requests and replies of chosen APIs, or changes the error code
 * in a reply.
 */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** Kafka's numbers of the APIs that a transaction is made of. */
export const API = {
  produce: 0,
  metadata: 3,
  findCoordinator: 10,
  initProducerId: 22,
  addPartitions: 24,
  endTxn: 26,
};

/**
 * `lose-request`: the broker never gets it. `lose-reply`: the broker carries it out, and nobody hears of it.
 * Either closes the connection. A number: the broker carries the request out, and its reply tells this error
 * code instead (of the first partition, where there are several).
 */
export type ReplyFault = 'lose-request' | 'lose-reply' | number;

export interface ReplyFaults {
  /** What becomes of the next requests of this API, one after another; `null` passes on. */
  plan(apiKey: number, faults: readonly (ReplyFault | null)[]): void;
  /** How many planned faults have not come about yet. */
  pending(): number;
  close(): Promise<void>;
}

/** Listens on `port`, passes on to `target`. */
export async function startReplyFaults(port: number, target: number): Promise<ReplyFaults> {
  const planned = new Map<number, (ReplyFault | null)[]>();
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (client) => {
    const broker = connect({ port: target, host: '127.0.0.1', noDelay: true });
    /** What is to become of the replies under way, by the correlation ID of the request. */
    const replies = new Map<number, { apiKey: number; fault: ReplyFault }>();
    for (const [socket, other] of [
      [client, broker],
      [broker, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    onFrames(client, (frame) => {
      const apiKey = frame.readInt16BE(4);
      const fault = planned.get(apiKey)?.shift() ?? null;
      if (fault === 'lose-request') return client.destroy();
      if (fault !== null) replies.set(frame.readInt32BE(8), { apiKey, fault });
      return broker.write(frame);
    });
    onFrames(broker, (frame) => {
      const reply = replies.get(frame.readInt32BE(4));
      replies.delete(frame.readInt32BE(4));
      if (reply?.fault === 'lose-reply') return client.destroy();
      if (typeof reply?.fault === 'number') frame.writeInt16BE(reply.fault, errorAt(reply.apiKey, frame));
      return client.write(frame);
    });
  });
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return {
    plan: (apiKey, faults) => void planned.set(apiKey, [...faults]),
    pending: () => [...planned.values()].flat().filter((fault) => fault !== null).length,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Whole frames, with their length in front. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let waiting = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    waiting = Buffer.concat([waiting, bytes]);
    while (waiting.length >= 4 && waiting.length >= 4 + waiting.readInt32BE()) {
      const end = 4 + waiting.readInt32BE();
      take(Buffer.from(waiting.subarray(0, end)));
      waiting = waiting.subarray(end);
    }
  });
}

/** Where the (first) error code of a reply stands, in the versions that kafkajs has. */
function errorAt(apiKey: number, frame: Buffer): number {
  const HEADER = 8;
  const THROTTLE = 4;
  const COUNT = 4;
  const PARTITION = 4;
  const afterText = (at: number) => at + 2 + frame.readInt16BE(at);
  if (apiKey === API.produce) return afterText(HEADER + COUNT) + COUNT + PARTITION;
  if (apiKey === API.addPartitions) return afterText(HEADER + THROTTLE + COUNT) + COUNT + PARTITION;
  return HEADER + THROTTLE;
}
