import { describe, expect, it } from 'vitest';
import { States, stateKey } from '../../../src/kafka/states.js';

const CYCLE = { number: 7, startedAt: '2024-05-01T12:00:00.000Z', records: 1, deletes: 0, notShown: 0 };

function read(state: object) {
  const states = new States();
  const value = Buffer.from(JSON.stringify({ version: 1, ...state }));
  states.set(stateKey('acme', 'contacts'), value);
  return states.get('acme', 'contacts');
}

describe('a state of version 0.1.0, which does not say what it is fresh as of', () => {
  it('is fresh as of the start of its complete cycle', () => {
    const cycle = { ...CYCLE, finishedAt: '2024-05-01T12:00:30.000Z' };
    expect(read({ cycle })?.freshAsOf).toBe(CYCLE.startedAt);
  });

  it('says nothing while a cycle runs, or where none was', () => {
    expect(read({ cycle: { ...CYCLE, finishedAt: null } })?.freshAsOf).toBeNull();
    expect(read({ cycle: null })?.freshAsOf).toBeNull();
  });
});

it('a newer state is fresh as of what it says', () => {
  const freshAsOf = '2024-05-01T11:00:00.000Z';
  expect(read({ cycle: { ...CYCLE, finishedAt: null }, freshAsOf })?.freshAsOf).toBe(freshAsOf);
});
