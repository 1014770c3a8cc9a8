/** What a session makes of the requests of operators, and what it answers in the states of its tables. */

import { describe, expect, it } from 'vitest';
import { type Control, type ControlRequest, withRequest } from '../../../src/model/control.js';
import { PublisherError } from '../../../src/model/errors.js';
import type { TableState } from '../../../src/model/state.js';
import { TableControls } from '../../../src/publisher/table-controls.js';
import type { IdSource } from '../../../src/sync/reconcile.js';
import { TableModel } from '../sync/table-model.js';

function open(before?: Control, state: Partial<TableState> = {}, model = new TableModel()) {
  model.ledger.change(state);
  let control = before;
  let made = 0;
  const told: string[] = [];
  const failures: unknown[] = [];
  model.events.on('table:paused', ({ isPaused }) => told.push(isPaused ? 'is paused' : 'is resumed'));
  const controls = new TableControls({
    work: new Map([['contacts', model]]),
    schedule: {
      pause: () => told.push('pause'),
      resume: () => told.push('resume'),
      request: () => told.push('request'),
    },
    controlOf: () => control,
    events: model.events,
    retries: false,
    onPausedAtWork: () => told.push('at work'),
    onFailure: (error) => failures.push(error),
  });
  model.events.on('resync:changed', ({ what, resync }) => told.push(`resync ${resync.revision} ${what}`));
  const ask = async (request: ControlRequest) => {
    made += 1;
    control = withRequest(control, request, { id: String(made), at: 0 });
    controls.apply('contacts');
    await controls.settled();
    return control;
  };
  /** Several requests that arrive together. */
  const receive = async (...arriving: readonly Control[]) => {
    for (const each of arriving) {
      control = each;
      controls.apply('contacts');
    }
    await controls.settled();
  };
  const drain = () => told.splice(0);
  return { model, controls, ask, receive, drain, failures };
}

it('pauses and resumes a table, and answers in its state', async () => {
  const { model, ask, drain } = open();
  expect(drain()).toEqual(['resume']);
  const { revision } = await ask('pause');
  expect(drain()).toEqual(['pause', 'is paused']);
  expect(model.commits.at(-1)?.state).toMatchObject({ paused: true, controlRevision: revision });
  await ask('resume');
  expect(drain()).toEqual(['resume', 'is resumed']);
  expect(model.commits.at(-1)?.state).toMatchObject({ paused: false, controlRevision: revision + 1 });
});

it('follows at once what was requested while nobody ran', async () => {
  const control = withRequest(undefined, 'pause', { id: 'earlier', at: 0 });
  const { model, controls, drain } = open(control);
  await controls.settled();
  expect(drain()).toEqual(['pause', 'is paused']);
  expect(model.ledger.state).toMatchObject({ paused: true, controlRevision: 1 });
});

it('answers a request once', async () => {
  const { model, controls, ask } = open();
  await ask('pause');
  const { length } = model.commits;
  for (let again = 0; again < 3; again += 1) controls.apply('contacts');
  await controls.settled();
  expect(model.commits).toHaveLength(length);
});

describe('requests that arrive together', () => {
  const pause = withRequest(undefined, 'pause', { id: 'p1', at: 0 });
  const resume = withRequest(pause, 'resume', { id: 'r2', at: 0 });
  const pauseAgain = withRequest(resume, 'pause', { id: 'p3', at: 0 });

  it.each([
    [{ paused: false, controlRevision: 0 }, [pause, resume]],
    [{ paused: false, controlRevision: 2 }, [pause, resume]],
    [{ paused: true, controlRevision: 3 }, [pause, resume, pauseAgain]],
    [{ paused: false, controlRevision: 0 }, [pause, resume, pauseAgain]],
  ])('leave %j as the last of them has it', async (state, arriving) => {
    const { model, receive, drain } = open(undefined, state);
    drain();
    await receive(...arriving);
    const { paused, revision } = arriving.at(-1) ?? pause;
    expect(model.ledger.state).toMatchObject({ paused, controlRevision: revision });
    const told = drain();
    const reported = told.filter((each) => each.startsWith('is ')).at(-1);
    expect(reported).toBe(paused ? 'is paused' : 'is resumed');
    expect(told.filter((each) => ['pause', 'resume'].includes(each)).at(-1)).toBe(
      paused ? 'pause' : 'resume',
    );
  });
});

it('answers another record of the same revision', async () => {
  const { model, receive, drain } = open();
  const pause = withRequest(undefined, 'pause', { id: 'a', at: 0 });
  await receive(pause);
  await receive(withRequest(undefined, 'sync', { id: 'b', at: 0 }));
  expect(model.commits.at(-1)?.state).toMatchObject({ paused: false, controlRevision: 1 });
  expect(drain()).toContain('is resumed');
});

it('serves a sync once, although its answer waits for the table', async () => {
  const { model, controls, ask } = open();
  await ask('sync');
  let release: () => void = () => undefined;
  const isReleased = new Promise<void>((resolve) => {
    release = resolve;
  });
  model.source = { prefetch: () => isReleased };
  model.ledger.prefetch();
  const cycle = { number: 7, startedAt: '', finishedAt: '', records: 3, deletes: 0, notShown: 0 };
  for (const number of [7, 8]) {
    controls.started(['contacts']);
    model.ledger.change({ cycle: { ...cycle, number } });
    controls.done('contacts', 'recorded');
  }
  release();
  await controls.settled();
  expect(model.ledger.state.syncResult?.cycle).toEqual(cycle);
});

it('answers a sync when a cycle that began behind it is over', async () => {
  const { model, controls, ask, drain } = open();
  controls.started(['contacts']);
  drain();
  const { revision } = await ask('sync');
  expect(drain()).toContain('request');
  controls.done('contacts', 'recorded');
  await controls.settled();
  expect(model.ledger.state.syncRevision).toBe(0);
  controls.started(['contacts']);
  controls.done('contacts', 'recorded');
  await controls.settled();
  expect(model.commits.at(-1)?.state.syncRevision).toBe(revision);
  controls.apply('contacts');
  expect(drain()).not.toContain('request');
});

it('answers no sync with a cycle that was cut', async () => {
  const { model, controls, ask, drain } = open();
  const { revision } = await ask('sync');
  controls.started(['contacts']);
  controls.done('contacts', 'cut');
  await controls.settled();
  expect(model.ledger.state).toMatchObject({ syncRevision: 0, syncResult: null });
  drain();
  controls.apply('contacts');
  expect(drain()).toContain('request');
  controls.started(['contacts']);
  controls.done('contacts', 'recorded');
  await controls.settled();
  expect(model.ledger.state.syncRevision).toBe(revision);
});

it('keeps what came of a sync beside the cycles that follow', async () => {
  const { model, controls, ask } = open();
  const error = { code: 'api-error', message: 'no answer', at: '2026-11-26T12:00:00.000Z' };
  const cycle = { number: 7, startedAt: '', finishedAt: null, records: 3, deletes: 0, notShown: 0 };
  await ask('sync');
  controls.started(['contacts']);
  model.ledger.change({ cycle, error });
  controls.done('contacts', 'recorded');
  model.ledger.change({ cycle: { ...cycle, number: 8 }, error: null });
  controls.started(['contacts']);
  controls.done('contacts', 'recorded');
  await controls.settled();
  expect(model.commits.at(-1)?.state).toMatchObject({ cycle: { number: 8 }, syncResult: { cycle, error } });
});

it('keeps a sync of a paused table until it is resumed', async () => {
  const { ask, drain } = open();
  await ask('pause');
  drain();
  await ask('sync');
  expect(drain()).toEqual(['pause']);
  await ask('resume');
  expect(drain()).toContain('request');
});

it('ends the work of a table that is paused', async () => {
  const { controls, ask, drain } = open();
  controls.started(['contacts']);
  drain();
  await ask('pause');
  expect(drain()).toContain('at work');
});

it('reports an answer that can’t be written', async () => {
  const { model, ask, failures } = open();
  model.commitError = new Error('no broker');
  await ask('pause');
  expect(failures).toEqual([model.commitError]);
});

const CYCLE = { number: 1, startedAt: 'then', finishedAt: 'later', records: 5, deletes: 2, notShown: 0 };

/** A table that was read before; of a searched one the source answers nothing until it is told to. */
function openRead(reads: 'searched' | 'whole' = 'searched') {
  let answer: (error: Error | null) => void = () => undefined;
  let begun: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const ids: IdSource = {
    known: () =>
      new Promise((resolve, reject) => {
        answer = (error) =>
          error === null ? resolve({ times: new Map(), hashes: new Map(), until: null }) : reject(error);
        begun();
      }),
    async *pull() {},
    isGone: async () => true,
    grain: async () => ({ unit: 'second' }),
  };
  const model = new TableModel({ ids: reads === 'whole' ? null : ids, reads });
  model.ledger.change({ bookmark: 300, cycle: CYCLE });
  const own = open(undefined, {}, model);
  own.drain();
  return { ...own, asked, answer: (error: Error | null = null) => answer(error) };
}

const RESYNC = { since: null, republish: false };
const told = (drained: readonly string[]) => drained.filter((each) => each.startsWith('resync'));

it('runs a resync beside the cycles, and answers with how far it is', async () => {
  const { model, controls, ask, drain, asked, answer } = openRead();
  const { revision } = await ask(RESYNC);
  expect(model.commits.at(-1)?.state).toMatchObject({
    controlRevision: revision,
    resync: { revision, phase: 'reading', until: 300 },
  });
  await asked;
  answer();
  await controls.resynced();
  expect(model.commits.at(-1)?.state.resync).toMatchObject({ revision, phase: 'finished' });
  expect(model.tasks.resync).toBeNull();
  expect(told(drain())).toEqual(['resync 1 started', 'resync 1 progress', 'resync 1 finished']);
  controls.apply('contacts');
  await controls.resynced();
  expect(told(drain())).toEqual([]);
});

it('continues in the next session a resync that was under way', async () => {
  const { model, controls, ask, asked } = openRead();
  const control = await ask(RESYNC);
  await asked;
  controls.stop();
  const next = open(control);
  next.model.ledger.change({ ...model.ledger.state });
  next.controls.apply('contacts');
  await next.controls.resynced();
  expect(next.model.ledger.state.resync?.phase).toBe('finished');
  expect(told(next.drain())).not.toContain('resync 1 started');
});

it('cancels a resync, and replaces one by another', async () => {
  const { model, controls, ask, drain, asked, answer } = openRead();
  await ask(RESYNC);
  await asked;
  await ask({ since: 200, republish: false });
  expect(told(drain())).toEqual(['resync 1 started', 'resync 1 cancelled', 'resync 2 started']);
  expect(model.ledger.state.resync).toMatchObject({ revision: 2, since: 200 });
  await ask('cancel');
  answer();
  await controls.resynced();
  expect(model.commits.at(-1)?.state.resync).toMatchObject({ revision: 2, phase: 'cancelled' });
  expect(told(drain())).toEqual(['resync 2 cancelled']);
  await ask('cancel');
  expect(told(drain())).toEqual([]);
});

it('keeps a resync of a paused table until it is resumed', async () => {
  const { model, controls, ask, asked, answer } = openRead();
  await ask('pause');
  await ask(RESYNC);
  await controls.resynced();
  expect(model.ledger.state).toMatchObject({ paused: true, resync: { phase: 'reading' } });
  expect(model.tasks.resync).toBeNull();
  await ask('resume');
  await asked;
  answer();
  await controls.resynced();
  expect(model.ledger.state.resync?.phase).toBe('finished');
});

it('compares a table that is read whole by a complete cycle that begins behind the request', async () => {
  const { model, controls, ask, drain } = openRead('whole');
  controls.started(['contacts']);
  await ask(RESYNC);
  expect(drain()).toContain('request');
  controls.done('contacts', 'recorded');
  await controls.resynced();
  expect(model.ledger.state.resync?.phase).toBe('reading');
  controls.started(['contacts']);
  model.ledger.change({ cycle: { ...CYCLE, finishedAt: null } });
  controls.done('contacts', 'recorded');
  await controls.resynced();
  expect(model.ledger.state.resync?.phase).toBe('reading');
  controls.started(['contacts']);
  model.ledger.change({ cycle: CYCLE });
  controls.done('contacts', 'recorded');
  await controls.resynced();
  expect(model.commits.at(-1)?.state.resync).toMatchObject({ phase: 'finished', records: 5, deletes: 2 });
  expect(told(drain())).toEqual(['resync 1 finished']);
});

it('keeps the reason of a resync that fails, and ends the session where it reaches further', async () => {
  const { model, controls, ask, asked, answer, failures, drain } = openRead();
  await ask(RESYNC);
  await asked;
  answer(new PublisherError('api-unreachable', 'no answer'));
  await controls.resynced();
  expect(model.commits.at(-1)?.state.resync?.error).toMatchObject({ code: 'api-unreachable' });
  expect(told(drain())).toEqual(['resync 1 started', 'resync 1 waiting']);
  expect(controls.failedResyncs).toMatchObject([{ table: 'contacts', error: { code: 'api-unreachable' } }]);
  expect(failures).toEqual([]);
  const other = openRead();
  await other.ask(RESYNC);
  await other.asked;
  const refused = new PublisherError('credentials-refused', 'no');
  other.answer(refused);
  await other.controls.resynced();
  expect(other.failures).toEqual([refused]);
});
