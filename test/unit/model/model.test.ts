import { describe, expect, it } from 'vitest';
import { asPublisherError, PublisherError } from '../../../src/model/errors.js';
import { Events } from '../../../src/model/events.js';
import { idOf } from '../../../src/model/row.js';

describe('PublisherError', () => {
  it('has a code, a cause, an answer where there was one, and advice', () => {
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
    expect(error.advice).toBe('fail-connection');
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
