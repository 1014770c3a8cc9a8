import { describe, expect, it } from 'vitest';
import { asPublisherError, PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import { idOf } from '../../../src/model/row.js';

describe('PublisherError', () => {
  it('has a code, a cause, an answer where there was one, a reach and an origin', () => {
    const cause = new Error('below');
    const answer = { status: 401, codes: ['unauthorized'], requestId: 'r' };
    const error = new PublisherError('credentials-refused', 'refused', { cause, answer });
    expect(error).toMatchObject({
      name: 'PublisherError',
      code: 'credentials-refused',
      message: 'refused',
      cause,
      answer,
    });
    expect(error).toMatchObject({ reach: 'connection', origin: 'setup' });
    expect(new PublisherError('internal', 'x').answer).toBeNull();
  });

  it('calls everything else a defect', () => {
    const ours = new PublisherError('fenced', 'x');
    expect(asPublisherError(ours)).toBe(ours);
    const theirs = new RangeError('too far');
    expect(asPublisherError(theirs)).toMatchObject({
      code: 'internal',
      message: 'unexpected error: too far',
      cause: theirs,
    });
    expect(asPublisherError('a text')).toMatchObject({
      message: 'unexpected error: a text',
      cause: 'a text',
    });
  });
});

describe('Events', () => {
  it('tell every listener of a name, in their order, whatever one of them throws', () => {
    const events = new Events();
    const told: string[] = [];
    events.on('warning', ({ message }) => void told.push(`first ${message}`));
    events.on('warning', () => {
      throw new Error('a listener');
    });
    events.on('warning', ({ message }) => void told.push(`last ${message}`));
    events.on('connection:released', () => void told.push('released'));
    events.emit('warning', { message: 'w' });
    events.emit('cycle:started', { connection: 'acme', tables: [] });
    expect(told).toEqual(['first w', 'last w']);
  });

  it('report the error of a listener, once, also where the reporting one throws', () => {
    const events = new Events();
    const failed: unknown[] = [];
    events.on('warning', () => {
      throw new Error('a listener');
    });
    events.on('listener:failed', ({ name, error }) => {
      failed.push(name, error);
      throw new Error('another listener');
    });
    events.emit('warning', { message: 'w' });
    expect(failed).toEqual(['warning', new Error('a listener')]);
  });

  it('no longer tell a listener that was taken off', () => {
    const events = new Events();
    const told: string[] = [];
    const listener = ({ message }: { readonly message: string }) => void told.push(message);
    events.on('warning', listener);
    events.emit('warning', { message: '1' });
    events.off('warning', listener);
    events.emit('warning', { message: '2' });
    expect(told).toEqual(['1']);
  });
});

describe('idOf', () => {
  it.each([
    [7, '7'],
    ['a', 'a'],
    [12345678901234567890n, '12345678901234567890'],
    [null, 'null'],
    [{ toString: 0 }, '{"toString":0}'],
    [{ number: 12345678901234567890n }, '{"number":12345678901234567890}'],
    [undefined, 'undefined'],
  ])('%s is %s', (id, expected) => {
    expect(idOf({ id })).toBe(expected);
  });
});
