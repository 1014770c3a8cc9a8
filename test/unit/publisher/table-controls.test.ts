/** What a session makes of the requests of operators, and what it answers in the states of its tables. */

import { expect, it } from 'vitest';
import { type Control, type ControlRequest, withRequest } from '../../../src/model/control.js';
import { TableControls } from '../../../src/publisher/table-controls.js';
import { TableModel } from '../sync/table-model.js';

function open(before?: Control) {
  const model = new TableModel();
  let control = before;
  let made = 0;
  const told: string[] = [];
  const failures: unknown[] = [];
  const controls = new TableControls({
    work: new Map([['contacts', model]]),
    schedule: {
      pause: () => told.push('pause'),
      resume: () => told.push('resume'),
      request: () => told.push('request'),
    },
    controlOf: () => control,
    onPaused: (_, isPaused) => told.push(isPaused ? 'is paused' : 'is resumed'),
    onPausedAtWork: () => told.push('at work'),
    onFailure: (error) => failures.push(error),
  });
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
