/** Topics that brokers refuse to create, over the wire format: which plan is created, which refusal is reported. */

import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../../src/kafka/cluster.js';
import { FlexibleReader, FlexibleWriter } from '../../../src/kafka/flexible.js';
import { createWithFallbacks, type PlannedTopic } from '../../../src/kafka/topic-creation.js';

const CREATE_TOPICS = 19;
const VERSION = 7;
const POLICY_VIOLATION = 44;
const INVALID_PARTITIONS = 37;

type Settings = Readonly<Record<string, string>>;
interface Refused {
  readonly code: number;
  readonly words: string;
}
/** Null: the broker creates the topic. */
type Policy = (settings: Settings) => Refused | null;

interface Exchange {
  readonly request: { encode(): Promise<{ buffer: Buffer }> };
  readonly response: { decode(raw: Buffer): Promise<unknown> };
}

/** A cluster of one broker that creates what its policy accepts. */
function brokerWith(policy: Policy) {
  const created: Record<string, Settings> = {};
  const answer = (request: Buffer): Buffer => {
    const reply = new FlexibleWriter().writeTags().writeInt32(0);
    reply.writeArray(topicsIn(request), ({ topic, settings }) => {
      const refused = policy(settings);
      if (refused === null) created[topic] = settings;
      reply
        .writeString(topic)
        .writeUuid(null)
        .writeInt16(refused?.code ?? 0);
      reply
        .writeString(refused?.words ?? null)
        .writeInt32(1)
        .writeInt16(1);
      reply.writeArray([], () => undefined).writeTags();
    });
    return reply.writeTags().toBuffer();
  };
  const broker = {
    versions: { [CREATE_TOPICS]: { maxVersion: VERSION } },
    connectionPool: {
      send: async ({ request, response }: Exchange) =>
        response.decode(answer((await request.encode()).buffer)),
    },
  };
  const cluster = {
    connect: async () => undefined,
    refreshMetadata: async () => undefined,
    findControllerBroker: async () => broker,
    retrier: <T>(work: (bail: (error: unknown) => void) => Promise<T>) => work(() => undefined),
  } as unknown as Cluster;
  return { cluster, created };
}

/** The topics of a CreateTopics request. */
function topicsIn(request: Buffer): { readonly topic: string; readonly settings: Settings }[] {
  const body = new FlexibleReader(request);
  body.skipTags();
  return body.readArray((each) => {
    const topic = each.readString() ?? '';
    each.readInt32();
    each.readInt16();
    each.readArray(() => undefined);
    const settings = Object.fromEntries(
      each.readArray((entry) => {
        const setting = [entry.readString() ?? '', entry.readString() ?? ''] as const;
        entry.skipTags();
        return setting;
      }),
    );
    each.skipTags();
    return { topic, settings };
  });
}

const atLeast =
  (name: string, least: number): Policy =>
  (settings) => {
    const value = settings[name];
    return value === undefined || Number(value) >= least
      ? null
      : { code: POLICY_VIOLATION, words: `${name} must not be below ${least}` };
  };
const atMost =
  (name: string, most: number): Policy =>
  (settings) =>
    Number(settings[name]) <= most
      ? null
      : { code: POLICY_VIOLATION, words: `${name} must not exceed ${most}` };

const first =
  (...policies: readonly Policy[]): Policy =>
  (settings) =>
    policies.map((policy) => policy(settings)).find((refused) => refused !== null) ?? null;

const LARGE = { 'max.message.bytes': '10485760' };
const plan = (topic: string, required: Settings): PlannedTopic => ({
  topic,
  partitions: 3,
  replicationFactor: -1,
  config: { 'segment.bytes': '16', ...required },
  fallbacks: [{ 'segment.bytes': '50', ...required }, required],
});

describe('createWithFallbacks', () => {
  it.each([
    [0, { 'segment.bytes': '16', ...LARGE }],
    [50, { 'segment.bytes': '50', ...LARGE }],
    [99, LARGE],
  ])(
    'creates a topic with the first settings that a broker of segments from %s accepts',
    async (least, settings) => {
      const { cluster, created } = brokerWith(atLeast('segment.bytes', least));
      expect(await createWithFallbacks(cluster, [plan('state', LARGE)], false)).toEqual([]);
      expect(created).toEqual({ state: settings });
    },
  );

  it('reports the refusal that no fallback avoids, whatever the broker checks first', async () => {
    const segments = atLeast('segment.bytes', 99);
    const records = atMost('max.message.bytes', 8388608);
    for (const policy of [first(segments, records), first(records, segments)]) {
      const { cluster } = brokerWith(policy);
      const [refused, ...more] = (await createWithFallbacks(cluster, [plan('state', LARGE)], true)) ?? [];
      expect(more).toEqual([]);
      expect(refused?.message).toBe(
        "topic state can't be created: max.message.bytes must not exceed 8388608 (POLICY_VIOLATION); " +
          'change topics.config.max.message.bytes. Asked for: 3 partitions, replication factor -1, max.message.bytes=10485760',
      );
    }
  });

  it('reports a setting of topics.config, which each fallback has', async () => {
    const { cluster } = brokerWith(atLeast('segment.bytes', 99));
    const refusals = await createWithFallbacks(cluster, [plan('state', { 'segment.bytes': '20' })], true);
    expect(refusals).toMatchObject([
      { message: expect.stringContaining('change topics.config.segment.bytes. Asked for: 3 partitions') },
    ]);
  });

  it('reports each topic once, whether it has fallbacks or not', async () => {
    const policy = first(atLeast('segment.bytes', 99), atMost('max.message.bytes', 8388608));
    const { cluster, created } = brokerWith(policy);
    const { fallbacks: _, ...plain } = plan('rows', LARGE);
    const plans = [plain, plan('state', LARGE), plan('small', { 'max.message.bytes': '7' })];
    const refusals = (await createWithFallbacks(cluster, plans, false)) ?? [];
    expect(refusals.map(({ plan: { topic } }) => topic)).toEqual(['rows', 'state']);
    expect(Object.keys(created)).toEqual(['small']);
  });

  it('tries no fallback where the refusal is not about settings', async () => {
    const seen: Settings[] = [];
    const { cluster } = brokerWith((settings) => {
      seen.push(settings);
      return { code: INVALID_PARTITIONS, words: 'too many partitions' };
    });
    const refusals = await createWithFallbacks(cluster, [plan('state', LARGE)], true);
    expect(refusals).toMatchObject([{ message: expect.stringContaining('change topics.partitions.') }]);
    expect(seen).toHaveLength(1);
  });
});
