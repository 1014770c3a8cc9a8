import { describe, expect, it } from 'vitest';
import { planControl } from '../../../src/kafka/control.js';
import { planTopic, problemsOf } from '../../../src/kafka/topics.js';

const settings = {
  prefix: 'intercom',
  partitions: 3,
  replicationFactor: -1,
  config: { 'retention.ms': '-1' },
  create: true,
};
const plan = planTopic('intercom.acme.tags', settings);
const facts = (
  changes: { partitions?: number; leaderless?: number[]; config?: Record<string, string> } = {},
) => {
  const config = new Map(Object.entries({ ...plan.config, ...changes.config }));
  return {
    topic: plan.topic,
    id: null,
    leaderless: changes.leaderless ?? [],
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
    ['without a leader', facts({ leaderless: [2] }), ['differs']],
    ['with another setting', facts({ config: { 'retention.ms': '1000' } }), ['differs']],
    ['taking only small rows', facts({ config: { 'max.message.bytes': '1048588' } }), ['small']],
    ['taking larger rows than planned', facts({ config: { 'max.message.bytes': '99999999' } }), []],
  ])('a topic %s', (_, existing, kinds) => {
    const problems = problemsOf(plan, existing);
    expect(problems.map(({ kind }) => kind)).toEqual(kinds);
    for (const { message } of problems) expect(message).toContain('intercom.acme.tags');
  });

  it.each([
    [
      undefined,
      'topic intercom.acme.tags does not exist: create it (cleanup.policy=compact, 3 partitions), or set topics.create: true',
    ],
    [
      facts({ config: { 'retention.ms': '1000' } }),
      'topic intercom.acme.tags has retention.ms=1000, the configuration says -1: change it (kafka-configs --alter --topic intercom.acme.tags --add-config retention.ms=-1), or topics.config',
    ],
    [
      facts({ config: { 'max.message.bytes': '10485759' } }),
      'topic intercom.acme.tags accepts 10485759 bytes per record (max.message.bytes): a larger row goes to the dead-letter topic; 10485760 bytes are enough',
    ],
  ])('says what is wrong and what to do', (existing, message) => {
    expect(problemsOf(plan, existing).map((problem) => problem.message)).toEqual([message]);
  });

  it('takes a topic that keeps no rows as it is', () => {
    const short = { ...plan, config: { 'cleanup.policy': 'delete', 'retention.ms': '5' } };
    expect(problemsOf(short, facts({ partitions: 9 }))).toEqual([]);
  });

  it('takes a control topic with any number of partitions', () => {
    const control = planControl(settings);
    expect(control.partitions).toBe(1);
    expect(problemsOf(control, facts({ partitions: 3 }))).toEqual([]);
    expect(problemsOf(control, facts({ config: { 'cleanup.policy': 'delete' } }))).toMatchObject([
      { kind: 'wrong' },
    ]);
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
      expect.stringContaining(
        'has 1 partitions, the configuration says 3: where it was created with 1, set state.partitions: 1',
      ),
      expect.stringContaining(
        'accepts 10000000 bytes per record (max.message.bytes): it is cut; 40000000 bytes',
      ),
    ]);
  });
});
