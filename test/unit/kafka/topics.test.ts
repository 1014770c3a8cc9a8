import { describe, expect, it } from 'vitest';
import { planTopic, problemsOf } from '../../../src/kafka/topics.js';

const settings = {
  prefix: 'intercom',
  partitions: 3,
  replicationFactor: -1,
  config: { 'retention.ms': '-1' },
  create: true,
};
const plan = planTopic('intercom.acme.tags', settings);
const facts = (changes: { partitions?: number; config?: Record<string, string> } = {}) => {
  const config = new Map(Object.entries({ ...plan.config, ...changes.config }));
  return {
    topic: plan.topic,
    partitions: changes.partitions ?? 3,
    cleanupPolicy: config.get('cleanup.policy') ?? '',
    maxMessageBytes: Number(config.get('max.message.bytes')),
    config,
  };
};

describe('planTopic', () => {
  it('is compacted whatever the settings say', () => {
    expect(
      planTopic('t', { ...settings, config: { 'cleanup.policy': 'delete' } }).config['cleanup.policy'],
    ).toBe('compact');
  });
});

describe('problemsOf', () => {
  it.each([
    ['as planned', facts(), []],
    ['missing', undefined, ['missing']],
    ['with cleanup.policy=delete', facts({ config: { 'cleanup.policy': 'delete' } }), ['wrong']],
    [
      'with cleanup.policy=compact,delete',
      facts({ config: { 'cleanup.policy': 'compact,delete' } }),
      ['wrong'],
    ],
    ['with other partitions', facts({ partitions: 1 }), ['differs']],
    ['with another setting', facts({ config: { 'retention.ms': '1000' } }), ['differs']],
    ['taking only small rows', facts({ config: { 'max.message.bytes': '1048588' } }), ['small']],
    ['taking larger rows than planned', facts({ config: { 'max.message.bytes': '99999999' } }), []],
  ])('a topic %s', (_, existing, kinds) => {
    const problems = problemsOf(plan, existing);
    expect(problems.map(({ kind }) => kind)).toEqual(kinds);
    for (const { message } of problems) expect(message).toContain('intercom.acme.tags');
  });

  it('says where to change it, and what it comes to', () => {
    const letters = {
      ...plan,
      partitionsFrom: 'state.partitions',
      tooLarge: 'it is cut',
      config: { 'cleanup.policy': 'compact', 'max.message.bytes': '40000000' },
    };
    const existing = facts({ partitions: 1, config: { 'max.message.bytes': '10000000' } });
    const messages = problemsOf(letters, existing).map(({ message }) => message);
    expect(messages).toEqual([
      expect.stringContaining('has 1 partitions, the configuration says 3: set state.partitions to 1'),
      expect.stringContaining('takes 10000000 bytes a record (max.message.bytes): it is cut; 40000000 bytes'),
    ]);
  });
});
