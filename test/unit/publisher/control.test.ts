/** The commands that write requests: none loses what another one has written. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { controlRecord, type TableControl } from '../../../src/kafka/control.js';
import { type Control, type ControlRequest, parseControl, withRequest } from '../../../src/model/control.js';
import { PublisherError } from '../../../src/model/errors.js';
import type { OutgoingRecord } from '../../../src/model/row.js';
import { emptyState, type TableState } from '../../../src/model/state.js';
import { awaitAnswers, type ControlTopics, write } from '../../../src/publisher/control.js';

const FOREVER = new AbortController().signal;

afterEach(() => vi.restoreAllMocks());

/** Both topics, with Kafka's rule: opening a writer fences the earlier ones. */
class Model implements ControlTopics {
  readonly topic = 'p.control';
  readonly records = new Map<string, TableControl>();
  state: TableState | null = null;
  commits = 0;
  /** Called before each step of a command. */
  before: (step: Step) => Promise<void> = async () => undefined;
  isRunning = true;
  #epoch = 0;

  async hasInstances() {
    return this.isRunning;
  }

  async controls() {
    await this.before('controls');
    return new Map(this.records);
  }

  async states() {
    await this.before('states');
    const { state } = this;
    return state === null ? null : { get: () => state };
  }

  async openWriter() {
    await this.before('open');
    this.#epoch += 1;
    const epoch = this.#epoch;
    const commit = async (records: readonly OutgoingRecord[]) => {
      await this.before('commit');
      if (epoch !== this.#epoch) throw new PublisherError('fenced', 'another instance has taken over');
      this.commits += 1;
      for (const { key, value } of records) this.put(String(key), String(value));
      return new Map();
    };
    return { commit, close: async () => undefined };
  }

  put(key: string, value: string): void {
    const [connection = '', table = ''] = key.split('/');
    const control = parseControl(value);
    if (control !== null) this.records.set(key, { connection, table, control });
  }

  get newest(): Control | 'newer' | undefined {
    return this.records.get('acme/contacts')?.control;
  }
}

type Step = 'open' | 'controls' | 'states' | 'commit';

const ask = (model: Model, request: ControlRequest) =>
  write(model, { connection: 'acme', tables: ['contacts'], request }, FOREVER);

/** A command as a whole, between two steps of another one. */
async function askWithin(
  model: Model,
  step: Step,
  [outer, inner]: readonly [ControlRequest, ControlRequest],
) {
  model.before = async (at) => {
    if (at !== step) return;
    model.before = async () => undefined;
    await ask(model, inner);
  };
  await ask(model, outer);
}

describe.each<Step>(['open', 'controls', 'states', 'commit'])(
  'a command within another one, at %s',
  (step) => {
    it.each<[[ControlRequest, ControlRequest], object]>([
      [['sync', 'pause'], { revision: 2, paused: true, sync: 2 }],
      [['pause', 'sync'], { revision: 2, paused: true, sync: 1 }],
      [['resume', 'pause'], { revision: 2, paused: false }],
      [['sync', 'sync'], { revision: 2, sync: 2 }],
    ])('%j is not lost', async (requests, newest) => {
      const model = new Model();
      await askWithin(model, step, requests);
      expect(model.newest).toMatchObject(newest);
    });
  },
);

it('fails where other commands write all the time, instead of counting as written', async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0);
  const model = new Model();
  model.before = async (step) => {
    if (step === 'commit') await model.openWriter();
  };
  await expect(ask(model, 'pause')).rejects.toMatchObject({ code: 'fenced' });
  expect(model.commits).toBe(0);
});

it('does not write again after a failure of Kafka', async () => {
  const model = new Model();
  const failure = new PublisherError('kafka-unreachable', 'no broker');
  model.before = async (step) => {
    if (step === 'commit') throw failure;
  };
  await expect(ask(model, 'pause')).rejects.toBe(failure);
});

describe('the wait for an answer', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** Asks, and waits. */
  async function wait(request: ControlRequest, signal = FOREVER) {
    const model = new Model();
    model.state = emptyState();
    const written = await ask(model, request);
    const remarks: string[] = [];
    const onWait = (message: string) => void remarks.push(message);
    const answer = awaitAnswers(model, { connection: 'acme', request }, written, { signal, onWait });
    const follow = (change: Partial<TableState>) => {
      model.state = { ...emptyState(), ...model.state, ...change };
      return vi.advanceTimersByTimeAsync(1_000);
    };
    return { model, remarks, answer, follow };
  }

  it('ends with the state that has the answer, without a remark where that is soon', async () => {
    const { remarks, answer, follow } = await wait('pause');
    await vi.advanceTimersByTimeAsync(5_000);
    await follow({ paused: true, controlRevision: 1 });
    expect(await answer).toMatchObject([{ table: 'contacts', state: { paused: true } }]);
    expect(remarks).toEqual([]);
  });

  it('is reported once for each reason', async () => {
    const { remarks, answer, follow } = await wait('sync');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(remarks).toEqual([
      expect.stringMatching(
        /^acme\/contacts: no instance has followed the request yet\. .*--no-wait does not wait$/,
      ),
    ]);
    await follow({ controlRevision: 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(remarks.slice(1)).toEqual([
      expect.stringMatching(/^acme\/contacts: the cycle is not complete yet .*--no-wait does not wait$/),
    ]);
    await follow({ syncRevision: 1 });
    expect(await answer).toMatchObject([{ state: { syncRevision: 1 } }]);
  });

  it('for a sync ends where the table is paused', async () => {
    const { answer, follow } = await wait('sync');
    await follow({ controlRevision: 1, paused: true });
    expect(await answer).toMatchObject([{ state: { paused: true } }]);
  });

  it('ends without an answer once no instance runs', async () => {
    const { model, answer } = await wait('pause');
    model.isRunning = false;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await answer).toEqual([{ table: 'contacts', state: null }]);
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const { answer } = await wait('pause', stop.signal);
    stop.abort();
    await expect(answer).rejects.toMatchObject({ code: 'stopped' });
  });
});

describe('where the topic has no record', () => {
  const followed = { ...emptyState(), paused: true, controlRevision: 7, syncRevision: 6 };

  it('a request has a revision that the owner has not answered', async () => {
    const model = new Model();
    model.state = followed;
    expect((await ask(model, 'resume')).get('contacts')).toMatchObject({ revision: 8, paused: false });
  });

  it('a sync leaves a paused table paused', async () => {
    const model = new Model();
    model.state = followed;
    await ask(model, 'sync');
    expect(model.newest).toMatchObject({ revision: 8, paused: true, sync: 8 });
  });

  it('a sync is not served already', async () => {
    const model = new Model();
    model.state = { ...followed, controlRevision: 2, syncRevision: 9 };
    await ask(model, 'sync');
    expect(model.newest).toMatchObject({ revision: 10, sync: 10 });
  });
});

it('adds to the record that the topic has, whatever the state follows', async () => {
  const model = new Model();
  model.state = { ...emptyState(), paused: false, controlRevision: 3 };
  const record = withRequest(undefined, 'pause', { id: 'a', at: 0 });
  const { key, value } = controlRecord('p.control', 'acme', 'contacts', { ...record, revision: 5 });
  model.put(String(key), String(value));
  await ask(model, 'sync');
  expect(model.newest).toMatchObject({ revision: 6, paused: true, sync: 6 });
});

it('writes nothing over the record of a newer version', async () => {
  const model = new Model();
  model.put('acme/contacts', '{"version":2,"revision":4}');
  await expect(ask(model, 'pause')).rejects.toMatchObject({
    code: 'state-unreadable',
    message: expect.stringMatching(
      /^the request for acme\/contacts in topic p\.control can't be read: a newer/,
    ),
  });
  expect(model.commits).toBe(0);
});
