import { afterEach, describe, expect, it } from 'vitest';
import type { PublisherError } from '../../../src/model/errors.js';
import { changeOf, type KnownTopic, TopicWatch } from '../../../src/publisher/topic-watch.js';

const BEFORE: KnownTopic = { topic: 't', id: 'a', partitions: 3 };

describe('a topic', () => {
  it.each([
    ['as it was', BEFORE, null],
    ['of brokers that tell no IDs', { ...BEFORE, id: null }, null],
    ['deleted', undefined, /^topic t was deleted while/],
    ['created again', { ...BEFORE, id: 'b' }, /created again .* \(its ID was a, and is b\)/],
    ['with more partitions', { ...BEFORE, partitions: 5 }, /added to topic t .*: it had 3, and has 5/],
  ])('%s', (_, now, message) => {
    const change = changeOf(BEFORE, now);
    if (message === null) expect(change).toBeNull();
    else expect(change?.message).toMatch(message);
  });
});

describe('the watch', () => {
  const open: TopicWatch[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((watch) => watch.close()));
  });

  /** Answers with what the next entry says, then as the last one; an error is thrown. */
  function watching(...answers: readonly (Error | readonly KnownTopic[])[]) {
    const asked: string[][] = [];
    const identify = async (names: readonly string[]) => {
      const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
      asked.push([...names]);
      if (answer instanceof Error) throw answer;
      return new Map(answer.map((each) => [each.topic, each]));
    };
    const watch = new TopicWatch({ identify }, { everyMs: 1, confirmMs: 1 });
    open.push(watch);
    return { watch, asked };
  }

  it('asks for the topics of all, and reports a change to those that it concerns, once', async () => {
    const other: KnownTopic = { topic: 'u', id: 'o', partitions: 1 };
    const { watch, asked } = watching([BEFORE, other], [{ ...BEFORE, partitions: 4 }, other]);
    const changes: [string, PublisherError][] = [];
    watch.add([other, BEFORE], (error) => changes.push(['both', error]));
    watch.add([other], (error) => changes.push(['other', error]));
    await expect.poll(() => asked.length).toBeGreaterThan(6);
    expect(asked[0]).toEqual(['u', 't']);
    expect(asked.at(-1)).toEqual(['u']);
    expect(changes).toEqual([['both', expect.objectContaining({ code: 'topic-invalid' })]]);
  });

  it('believes in a change that it sees twice, and in no answer that it does not get', async () => {
    const { watch, asked } = watching(new Error('no broker'), [], [BEFORE], new Error('no broker'), [BEFORE]);
    const changes: PublisherError[] = [];
    watch.add([BEFORE], (error) => changes.push(error));
    await expect.poll(() => asked.length).toBeGreaterThan(8);
    expect(changes).toEqual([]);
  });

  it('asks nothing while it watches nothing', async () => {
    const { watch, asked } = watching([]);
    const changes: PublisherError[] = [];
    const end = watch.add([BEFORE], (error) => changes.push(error));
    end();
    const { watch: second, asked: once } = watching([]);
    second.add([BEFORE], (error) => changes.push(error));
    await expect.poll(() => changes.length).toBe(1);
    expect(changes[0]?.code).toBe('topic-missing');
    expect([asked.length, once.length]).toEqual([0, 2]);
  });
});
