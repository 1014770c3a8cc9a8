import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kafkajsModule } from '../../../src/kafka/kafkajs.js';

const Connection = kafkajsModule('src/network/connection') as new (options: object) => TestConnection;
const Encoder = kafkajsModule('src/protocol/encoder') as new () => object;
const createSocketFactory = kafkajsModule('src/network/socketFactory') as () => object;

interface TestConnection {
  connect(): Promise<boolean>;
  disconnect(): Promise<boolean>;
  isConnected(): boolean;
  send(exchange: object): Promise<string>;
}

/** What a server does with a request: its correlation ID and the socket to answer on. */
type Answer = (id: number, socket: Socket) => void;

const TIMEOUT_MS = 150;
const silent = () => undefined;
const logger = { debug: silent, info: silent, warn: silent, error: silent, namespace: () => logger };

/** A reply as brokers frame it: length, correlation ID, content. */
function reply(id: number, text: string): Buffer {
  const frame = Buffer.alloc(8);
  frame.writeInt32BE(4 + text.length, 0);
  frame.writeInt32BE(id, 4);
  return Buffer.concat([frame, Buffer.from(text)]);
}

const answer: Answer = (id, socket) => void socket.write(reply(id, `to ${id}`));

describe('connections to a broker', () => {
  const sockets: Socket[] = [];
  const connections: TestConnection[] = [];
  let answers: Answer = answer;
  let port = 0;
  let close = async () => {};

  beforeEach(async () => {
    const server = createServer((socket) => {
      sockets.push(socket.on('error', silent));
      socket.on('data', (data) => {
        for (let at = 0; at < data.length; at += 4 + data.readInt32BE(at)) {
          answers(data.readInt32BE(at + 8), socket);
        }
      });
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    port = (server.address() as AddressInfo).port;
    close = async () => {
      for (const socket of sockets.splice(0)) socket.destroy();
      server.close();
      await once(server, 'close');
    };
  });
  afterEach(async () => {
    answers = answer;
    await Promise.all(connections.splice(0).map((connection) => connection.disconnect()));
    await close();
  });

  function connection(): TestConnection {
    const made = new Connection({
      host: '127.0.0.1',
      port,
      logger,
      socketFactory: createSocketFactory(),
      requestTimeout: TIMEOUT_MS,
      enforceRequestTimeout: true,
      connectionTimeout: 1_000,
    });
    connections.push(made);
    return made;
  }

  /** Sends an empty request of an API and returns the content of the answer. */
  function ask(on: TestConnection, apiName = 'Metadata', apiKey = 3): Promise<string> {
    return on.send({
      request: { apiKey, apiName, apiVersion: 1, encode: async () => new Encoder() },
      response: {
        decode: async (raw: Buffer) => ({ text: raw.toString() }),
        parse: async ({ text }: { text: string }) => text,
      },
    });
  }

  async function open(): Promise<TestConnection> {
    const made = connection();
    await made.connect();
    expect(await ask(made)).toMatch(/^to \d+$/);
    return made;
  }

  it('are closed with every request on them when one is not answered in time, and opened again for the next one', async () => {
    const made = await open();
    answers = silent;
    const outcomes = await Promise.allSettled([ask(made), ask(made)]);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({
        status: 'rejected',
        reason: {
          name: 'KafkaJSConnectionClosedError',
          message: 'Request Metadata(key: 3, version: 1) timed out',
          host: '127.0.0.1',
          port,
        },
      });
    }
    expect(made.isConnected()).toBe(false);
    answers = answer;
    await made.connect();
    expect(await ask(made)).toMatch(/^to \d+$/);
    expect(sockets).toHaveLength(2);
  });

  it('die together: those to the same broker that were as silent are closed with the first one', async () => {
    const [used, idle, waiting] = [await open(), await open(), await open()];
    answers = silent;
    const late = expect(ask(used)).rejects.toThrow('timed out');
    await delay(TIMEOUT_MS / 2);
    const startedAt = Date.now();
    await expect(ask(waiting)).rejects.toThrow('timed out');
    expect(Date.now() - startedAt).toBeLessThan(TIMEOUT_MS);
    await late;
    expect([used, idle, waiting].map((each) => each.isConnected())).toEqual([false, false, false]);
  });

  it('stay where they have carried something meanwhile', async () => {
    const [dead, alive] = [await open(), await open()];
    answers = silent;
    const failed = expect(ask(dead)).rejects.toThrow('timed out');
    await delay(TIMEOUT_MS / 2);
    answers = answer;
    await ask(alive);
    await failed;
    expect(alive.isConnected()).toBe(true);
  });

  it('are not taken for silent while a large answer arrives slowly', async () => {
    const made = await open();
    answers = async (id, socket) => {
      for (const byte of reply(id, 'slow')) {
        await delay(TIMEOUT_MS / 4);
        socket.write(Buffer.of(byte));
      }
    };
    expect(await ask(made)).toBe('slow');
  });

  it('are not taken for silent when the process was paused while the answer arrived', async () => {
    const made = await open();
    const answered = new Promise<void>((resolve) => {
      answers = (id, socket) => void socket.write(reply(id, 'early'), () => resolve());
    });
    const asked = ask(made);
    await answered;
    // The answer waits in the socket, as it does while a process is stopped.
    for (const end = Date.now() + 2 * TIMEOUT_MS; Date.now() < end; );
    expect(await asked).toBe('early');
  });

  it('wait longer for what takes a broker longer', async () => {
    const made = await open();
    answers = (id, socket) => void setTimeout(() => answer(id, socket), 3 * TIMEOUT_MS);
    expect(await ask(made, 'Produce', 0)).toMatch(/^to \d+$/);
    expect(await ask(made, 'SyncGroup', 14)).toMatch(/^to \d+$/);
  });

  it('forget an answer that was cut off', async () => {
    const made = await open();
    answers = (id, socket) => void socket.end(reply(id, 'a long answer').subarray(0, 12));
    await expect(ask(made)).rejects.toThrow('Closed connection');
    answers = answer;
    await made.connect();
    expect(await ask(made)).toMatch(/^to \d+$/);
  });

  it('are opened once for requests that come together', async () => {
    const made = connection();
    await Promise.all([made.connect(), made.connect()]);
    await ask(made);
    expect(sockets).toHaveLength(1);
  });

  it('run no timer once nothing is in flight', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = timers();
    const made = await open();
    await made.connect();
    await ask(made);
    // The one that watched the request ends by itself.
    await delay(2 * TIMEOUT_MS);
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
