import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  createKafka,
  isFenced,
  isForgottenProducer,
  isTransactionTimeout,
  kafkaFailure,
  transactionFailure,
} from '../../../src/kafka/client.js';
import kafkajs from '../../../src/kafka/kafkajs.js';
import { oauthBearerProvider } from '../../../src/kafka/oauth-bearer.js';
import { PublisherError } from '../../../src/model/errors.js';

const protocolError = (type: string) => Object.assign(new Error(`said ${type}`), { type });
const named = (name: string) => Object.assign(new Error(`a ${name}`), { name });
const wrapped = (cause: Error) => new Error('tried often', { cause: new Error('tried again', { cause }) });

describe('kafkaFailure', () => {
  it.each([
    ['PRODUCER_FENCED', 'fenced', 'Kafka: committing was refused: another instance has taken over'],
    ['INVALID_PRODUCER_EPOCH', 'fenced', 'Kafka: committing was refused: another instance has taken over'],
    [
      'INVALID_PRODUCER_ID_MAPPING',
      'kafka-error',
      'Kafka: committing failed: the broker has forgotten this producer, which wrote nothing for longer than transactional.id.expiration.ms',
    ],
    [
      'UNKNOWN_PRODUCER_ID',
      'kafka-error',
      'Kafka: committing failed: the broker has forgotten this producer, which wrote nothing for longer than transactional.id.expiration.ms',
    ],
    [
      'ILLEGAL_SASL_STATE',
      'kafka-unreachable',
      'Kafka: committing was refused: said ILLEGAL_SASL_STATE; check kafka.sasl',
    ],
    [
      'UNSUPPORTED_SASL_MECHANISM',
      'kafka-unreachable',
      'Kafka: committing was refused: said UNSUPPORTED_SASL_MECHANISM; check kafka.sasl',
    ],
    [
      'SASL_AUTHENTICATION_FAILED',
      'kafka-unreachable',
      'Kafka: committing was refused: said SASL_AUTHENTICATION_FAILED; check kafka.sasl',
    ],
    ['MESSAGE_TOO_LARGE', 'kafka-error', 'Kafka: committing failed: said MESSAGE_TOO_LARGE'],
  ])('knows what a broker means by %s', (type, code, message) => {
    const error = wrapped(protocolError(type));
    expect(kafkaFailure(error, 'committing')).toMatchObject({ code, message, cause: error });
  });

  it.each([
    'KafkaJSConnectionError',
    'KafkaJSConnectionClosedError',
    'KafkaJSRequestTimeoutError',
    'KafkaJSBrokerNotFound',
  ])('takes a %s for no connection', (name) => {
    const check = 'check kafka.brokers, kafka.ssl and kafka.sasl, and that the broker runs';
    expect(kafkaFailure(named(name), 'reading')).toMatchObject({
      code: 'kafka-unreachable',
      message: `Kafka: reading failed: no connection (a ${name}); ${check}`,
    });
    expect(kafkaFailure(named(name), 'reading', ['a:1', 'b:2']).message).toBe(
      `Kafka: reading failed: no connection at a:1, b:2 (a ${name}); ${check}`,
    );
  });

  it('takes an error of the system for no connection, refused credentials for these, and keeps ours', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    expect(kafkaFailure(wrapped(refused), 'reading').code).toBe('kafka-unreachable');
    expect(kafkaFailure(Object.assign(new Error('x'), { code: 7 }), 'reading').code).toBe('kafka-error');
    expect(kafkaFailure(named('KafkaJSSASLAuthenticationError'), 'reading').message).toBe(
      'Kafka: reading was refused: a KafkaJSSASLAuthenticationError; check kafka.sasl',
    );
    const ours = new PublisherError('config-invalid', 'ours');
    expect(kafkaFailure(ours, 'reading')).toBe(ours);
    expect(kafkaFailure(wrapped(ours), 'reading')).toBe(ours);
    expect(kafkaFailure('a text', 'reading').message).toBe('Kafka: reading failed: a text');
  });
});

describe('transactionFailure', () => {
  const openFor = (tookMs: number) => ({ tookMs, timeoutMs: 30_000 });

  it.each(['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_TXN_STATE'])(
    'names a transaction that was open for too long where a broker answers %s',
    (type) => {
      const error = wrapped(protocolError(type));
      expect(isTransactionTimeout(error, openFor(30_000))).toBe(true);
      expect(transactionFailure(error, 'committing', openFor(36_400))).toMatchObject({
        code: 'kafka-transaction-timeout',
        message:
          'Kafka: committing failed: the transaction was open for 36 s, and the broker ends one after 30 s; this instance was paused, or Kafka was slow',
        cause: error,
      });
    },
  );

  it.each([
    ['PRODUCER_FENCED', 'fenced', true, false],
    ['INVALID_PRODUCER_EPOCH', 'fenced', true, false],
    ['INVALID_PRODUCER_ID_MAPPING', 'kafka-error', false, true],
    ['UNKNOWN_PRODUCER_ID', 'kafka-error', false, true],
    ['INVALID_TXN_STATE', 'kafka-error', false, false],
    ['MESSAGE_TOO_LARGE', 'kafka-error', false, false],
  ])('takes %s of a younger one for %s', (type, code, fenced, forgotten) => {
    const error = wrapped(protocolError(type));
    expect(isTransactionTimeout(error, openFor(29_999))).toBe(false);
    expect(transactionFailure(error, 'committing', openFor(29_999)).code).toBe(code);
    expect(isFenced(error)).toBe(fenced);
    expect(isForgottenProducer(error)).toBe(forgotten);
  });

  it('keeps what is no answer of a broker about the producer, however long it took', () => {
    const time = openFor(60_000);
    expect(transactionFailure(wrapped(protocolError('MESSAGE_TOO_LARGE')), 'committing', time).code).toBe(
      'kafka-error',
    );
    expect(transactionFailure(named('KafkaJSRequestTimeoutError'), 'committing', time).code).toBe(
      'kafka-unreachable',
    );
    const ours = new PublisherError('stopped', 'ours');
    expect(transactionFailure(ours, 'committing', time)).toBe(ours);
  });
});

describe('createKafka', () => {
  const settings = { brokers: ['a:1'], clientId: 'test', ssl: false, sasl: null } as const;

  it('reads the files of TLS at once, and names the setting of one that it can’t read', () => {
    const dir = mkdtempSync(join(tmpdir(), 'intercom-kafka-test-'));
    const file = join(dir, 'ca.pem');
    writeFileSync(file, 'a certificate');
    expect(createKafka({ ...settings, ssl: { ca: file, cert: file, key: file } })).toBeInstanceOf(
      kafkajs.Kafka,
    );
    rmSync(dir, { recursive: true });
    for (const name of ['ca', 'cert', 'key'] as const) {
      const ssl = { ca: null, cert: null, key: null, [name]: file };
      expect(() => createKafka({ ...settings, ssl })).toThrow(
        expect.objectContaining({
          code: 'config-invalid',
          message: expect.stringContaining(`kafka.ssl.${name}: can't read ${file}: ENOENT`),
        }),
      );
    }
    expect(createKafka({ ...settings, ssl: true })).toBeInstanceOf(kafkajs.Kafka);
  });
});

describe('oauthBearerProvider', () => {
  let close = () => {};
  afterEach(() => {
    vi.useRealTimers();
    close();
  });

  async function endpoint(
    answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
  ) {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => answer(request, body, response));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    close = () => void server.close();
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  }
  const credentials = { clientId: 'an id', clientSecret: 's:cret', scope: null };

  it('asks with the client’s credentials, and again when four fifths of the token’s life are over', async () => {
    const asked: string[] = [];
    const tokenEndpoint = await endpoint((request, body, response) => {
      const { authorization = '', accept } = request.headers;
      const basic = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
      asked.push(`${request.method} ${basic} ${request.headers['content-type']} ${accept} ${body}`);
      response.end(JSON.stringify({ access_token: `token ${asked.length}`, expires_in: 100 }));
    });
    vi.useFakeTimers({ toFake: ['Date'], now: 1_000_000 });
    const provide = oauthBearerProvider({ ...credentials, tokenEndpoint, scope: 'kafka all' });
    expect(await provide()).toEqual({ value: 'token 1' });
    vi.setSystemTime(1_000_000 + 79_999);
    expect(await provide()).toEqual({ value: 'token 1' });
    vi.setSystemTime(1_000_000 + 80_000);
    expect(await provide()).toEqual({ value: 'token 2' });
    const form =
      'application/x-www-form-urlencoded application/json grant_type=client_credentials&scope=kafka+all';
    expect(asked[0]).toBe(`POST an%20id:s%3Acret ${form}`);
  });

  it('takes five minutes where the endpoint does not say how long, and leaves out a scope that there is not', async () => {
    let asked = 0;
    const tokenEndpoint = await endpoint((_, body, response) => {
      asked += 1;
      expect(body).toBe('grant_type=client_credentials');
      response.end('{"access_token":"t"}');
    });
    vi.useFakeTimers({ toFake: ['Date'], now: 0 });
    const provide = oauthBearerProvider({ ...credentials, tokenEndpoint });
    await provide();
    vi.setSystemTime(239_999);
    await provide();
    expect(asked).toBe(1);
    vi.setSystemTime(240_000);
    await provide();
    expect(asked).toBe(2);
  });

  it.each([
    [401, '{"access_token":"t"}'],
    [200, '{"error":"x"}'],
    [200, 'no JSON'],
  ])('says what to check where it is answered %i %s', async (status, body) => {
    const tokenEndpoint = await endpoint((_, __, response) => void response.writeHead(status).end(body));
    await expect(oauthBearerProvider({ ...credentials, tokenEndpoint })()).rejects.toMatchObject({
      code: 'kafka-unreachable',
      message: `kafka.sasl: ${tokenEndpoint} answered ${status} without an access_token; check clientId, clientSecret and scope`,
    });
  });

  it('says what to check where nobody answers', async () => {
    const tokenEndpoint = 'http://127.0.0.1:1/token';
    const failure = oauthBearerProvider({ ...credentials, tokenEndpoint })();
    await expect(failure).rejects.toMatchObject({ code: 'kafka-unreachable' });
    await expect(failure).rejects.toThrow(
      /no answer from http:\/\/127\.0\.0\.1:1\/token \(.+\); check tokenEndpoint/,
    );
  });
});
