/** What a session makes of the requests of operators, and what it answers in the states of its tables. */

import { expect, it } from 'vitest';
import { type Control, type ControlRequest, withRequest } from '../../../src/model/control.js';
import { PublisherError } from '../../../src/model/errors.js';
import { TableControls } from '../../../src/publisher/table-controls.js';
import type { IdSource } from '../../../src/sync/reconcile.js';
import { TableModel } from '../sync/table-model.js';

function open(before?: Control, { model = new TableModel() } = {}) {
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
  const drain = () => told.splice(0);
  return { model, controls, ask, drain, failures };
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

it('answers a sync when a cycle that began behind it is over', async () => {
  const { model, controls, ask, drain } = open();
  controls.started(['contacts']);
  drain();
  const { revision } = await ask('sync');
  expect(drain()).toContain('request');
  controls.done('contacts');
  await controls.settled();
  expect(model.ledger.state.syncRevision).toBe(0);
  controls.started(['contacts']);
  controls.done('contacts');
  await controls.settled();
  expect(model.commits.at(-1)?.state.syncRevision).toBe(revision);
  controls.apply('contacts');
  expect(drain()).not.toContain('request');
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
  const own = open(undefined, { model });
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
  const next = open(control, { model: new TableModel() });
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
  controls.done('contacts');
  await controls.resynced();
  expect(model.ledger.state.resync?.phase).toBe('reading');
  controls.started(['contacts']);
  model.ledger.change({ cycle: { ...CYCLE, finishedAt: null } });
  controls.done('contacts');
  await controls.resynced();
  expect(model.ledger.state.resync?.phase).toBe('reading');
  controls.started(['contacts']);
  model.ledger.change({ cycle: CYCLE });
  controls.done('contacts');
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
