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

  it('is reported where it lacks them, with the command that sets each', () => {
    const { states } = plansOf({});
    const config = new Map(Object.entries({ ...states.config, 'segment.ms': '604800000' }));
    const facts: TopicFacts = {
      topic: states.topic,
      id: null,
      leaderless: [],
      partitions: states.partitions,
      cleanupPolicy: 'compact',
      maxMessageBytes: Number(states.config['max.message.bytes']),
      config,
    };
    const [problem, ...more] = problemsOf(states, facts);
    expect(more).toEqual([]);
    expect(problem?.kind).toBe('differs');
    expect(problem?.message).toContain(
      `kafka-configs --alter --topic ${states.topic} --add-config segment.ms=600000`,
    );
  });
});
