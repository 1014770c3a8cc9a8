import { expect, it } from 'vitest';
import { Events } from '../../../src/model/events.js';
import { followReadiness } from '../../../src/observe/readiness.js';
import { failure } from './happenings.js';

function followed(ping: () => Promise<void> = async () => undefined) {
  const events = new Events();
  return { events, readiness: followReadiness(events, { ping, limitMs: 20, everyMs: 0 }) };
}

it('is ready while Intercom does not serve a workspace, and says so until it does', async () => {
  const { events, readiness } = followed();
  events.emit('instance:assigned', { connections: ['acme'] });
  events.emit('connection:owned', { connection: 'acme', tables: ['tags'] });
  const error = failure('plan-restricted', 'Active subscription needed.');
  events.emit('connection:failed', { connection: 'acme', error, retryInMs: 1_000 });
  expect(await readiness()).toEqual({
    ready: true,
    reasons: [],
    notes: ['acme: Active subscription needed.'],
  });
  events.emit('connection:owned', { connection: 'acme', tables: ['tags'] });
  expect(await readiness()).toEqual({ ready: true, reasons: [] });
});

it('is not ready before it knows its connections, and has restored them', async () => {
  const { events, readiness } = followed();
  expect(await readiness()).toEqual({ ready: false, reasons: ['no connections assigned yet'] });
  events.emit('instance:assigned', { connections: ['acme', 'beta'] });
  events.emit('connection:owned', { connection: 'acme', tables: ['tags'] });
  expect(await readiness()).toEqual({ ready: false, reasons: ['beta is not restored yet'] });
  events.emit('connection:owned', { connection: 'beta', tables: ['tags'] });
  expect(await readiness()).toEqual({ ready: true, reasons: [] });
});

it('says what a restore waits for, and nothing of a wait once all is restored', async () => {
  const { events, readiness } = followed();
  events.emit('instance:assigned', { connections: ['acme'] });
  events.emit('reading:waiting', { key: 'k', topic: 't', message: 'topic t: an open transaction' });
  const reasons = ['acme is not restored yet', 'topic t: an open transaction'];
  expect(await readiness()).toEqual({ ready: false, reasons });
  events.emit('connection:owned', { connection: 'acme', tables: ['tags'] });
  expect(await readiness()).toEqual({ ready: true, reasons: [] });
  events.emit('instance:assigned', { connections: ['acme', 'beta'] });
  events.emit('reading:resumed', { key: 'k', topic: 't', message: null });
  expect((await readiness()).reasons).toEqual(['beta is not restored yet']);
});

it('is not ready where the group gives it nothing because its settings differ', async () => {
  const { events, readiness } = followed();
  events.emit('group:compared', { isAdmitted: false, message: 'other settings' });
  events.emit('instance:assigned', { connections: [] });
  expect(await readiness()).toEqual({ ready: false, reasons: ['other settings'] });
  events.emit('group:compared', { isAdmitted: true, message: 'other settings' });
  expect((await readiness()).ready).toBe(true);
});

it('is ready with no connection to serve', async () => {
  const { events, readiness } = followed();
  events.emit('instance:assigned', { connections: [] });
  expect((await readiness()).ready).toBe(true);
});

it('is ready with a connection whose credentials are refused, and not with one that Kafka fails', async () => {
  const { events, readiness } = followed();
  events.emit('instance:assigned', { connections: ['acme'] });
  const fail = (code: Parameters<typeof failure>[0]) =>
    events.emit('connection:failed', { connection: 'acme', error: failure(code), retryInMs: 1 });
  fail('credentials-refused');
  expect((await readiness()).ready).toBe(true);
  fail('kafka-error');
  expect((await readiness()).ready).toBe(false);
});

it.each([
  ['refuses', () => Promise.reject(new Error('gone'))],
  ['is silent', () => new Promise<void>(() => undefined)],
])('is not ready while Kafka %s', async (_, ping) => {
  const { events, readiness } = followed(ping);
  events.emit('instance:assigned', { connections: [] });
  expect(await readiness()).toEqual({ ready: false, reasons: ['Kafka does not answer'] });
});

it('asks Kafka once for many who ask', async () => {
  const events = new Events();
  let pings = 0;
  const ping = async () => {
    pings += 1;
  };
  const readiness = followReadiness(events, { ping });
  await Promise.all([readiness(), readiness(), readiness()]);
  expect(pings).toBe(1);
});
