/** The topics of a connection, as they are made. */

import { describe, expect, it } from 'vitest';
import { problemsOf, type TopicFacts } from '../../../src/kafka/topics.js';
import { publishedTables } from '../../../src/publisher/published-table.js';
import { topicPlans } from '../../../src/publisher/topic-plans.js';
import { connectionYaml, parse } from '../config/parse.js';

const SMALL = {
  'segment.ms': '600000',
  'segment.bytes': '16777216',
  'min.cleanable.dirty.ratio': '0.1',
  'delete.retention.ms': '600000',
};

function plansOf(topics: object) {
  const config = parse(`topics: ${JSON.stringify(topics)}\n${connectionYaml('')}`);
  const [connection] = config.connections;
  if (connection === undefined) throw new Error('no connection');
  const plans = topicPlans(config, publishedTables(config, connection));
  const states = plans.find(({ topic }) => topic === config.state.topic);
  if (states === undefined) throw new Error('no state topic');
  return { plans, states };
}

describe('the state topic', () => {
  it('has segments that are compacted soon, and no other topic has them', () => {
    const { plans, states } = plansOf({});
    expect(states.config).toMatchObject({ ...SMALL, 'cleanup.policy': 'compact' });
    const others = plans.filter((plan) => plan !== states);
    expect(others.length).toBeGreaterThan(1);
    for (const { config } of others) expect(Object.keys(config)).not.toContain('segment.ms');
  });

  it('follows topics.config', () => {
    const { states } = plansOf({ config: { 'segment.ms': '1000', 'retention.bytes': '7' } });
    expect(states.config).toMatchObject({ ...SMALL, 'segment.ms': '1000', 'retention.bytes': '7' });
  });

  const DEFAULTS = {
    'segment.ms': '604800000',
    'segment.bytes': '1073741824',
    'min.cleanable.dirty.ratio': '0.5',
    'delete.retention.ms': '86400000',
  };

  /** What is reported of a state topic that the brokers have created with these settings. */
  function reported(topics: object, settings: object) {
    const { states } = plansOf(topics);
    const config = new Map(Object.entries({ ...DEFAULTS, ...settings }));
    const facts: TopicFacts = {
      topic: states.topic,
      id: null,
      leaderless: [],
      partitions: states.partitions,
      cleanupPolicy: 'compact',
      maxMessageBytes: Number(config.get('max.message.bytes')),
      config,
    };
    return problemsOf(states, facts);
  }

  const kinds = (topics: object, settings: object) => reported(topics, settings).map(({ kind }) => kind);

  it.each([
    ['nothing', {}, 4],
    ['a size of records', { config: { 'max.message.bytes': '8388608' } }, 4],
    ['segments', { config: { 'segment.ms': '99000000', 'segment.bytes': '99000000' } }, 0],
  ])('is as it must be with each of its fallbacks, where topics.config sets %s', (_, topics, advice) => {
    const { config, fallbacks = [] } = plansOf(topics).states;
    expect(fallbacks).toHaveLength(2);
    for (const settings of [config, ...fallbacks.slice(0, -1)]) expect(kinds(topics, settings)).toEqual([]);
    expect(kinds(topics, fallbacks.at(-1) ?? {})).toEqual(Array.from({ length: advice }, () => 'slow'));
  });

  it('gets advice where it lacks them, with the command that sets each', () => {
    const { config, topic } = plansOf({}).states;
    const problems = reported({}, { ...config, 'segment.ms': '604800000' });
    expect(problems).toMatchObject([{ kind: 'slow' }]);
    expect(problems[0]?.message).toBe(
      `topic ${topic} has segment.ms=604800000: a start reads less of it with 600000, where the brokers accept that ` +
        `(kafka-configs --alter --topic ${topic} --add-config segment.ms=600000)`,
    );
  });

  it('differs where it lacks what topics.config sets', () => {
    const topics = { config: { 'segment.ms': '1000' } };
    const { fallbacks = [] } = plansOf(topics).states;
    for (const settings of fallbacks)
      expect(kinds(topics, { ...settings, 'segment.ms': '14400000' })).toContain('differs');
  });
});
