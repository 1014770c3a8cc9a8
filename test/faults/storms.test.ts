import { afterEach, describe, expect, inject, it } from 'vitest';
import { TABLE_NAMES } from '../../src/model/table-names.js';
import type { SimulatorOptions } from '../../src/simulator/options.js';
import { Project } from '../support/project.js';
import { problemsOf } from '../support/verify.js';

const COUNTS = { contacts: 320, companies: 30, conversations: 120, parts: 2 };
const STORM_SECONDS = 3;
/** Time zone and definitions are asked for beside the first page. */
const FORESEEN = 3;

let project: Project;
afterEach(() => project.close());

interface Storm {
  readonly budget: SimulatorOptions['budget'];
  readonly retryAfter?: number;
  /** Seconds that a refused publisher is told to wait, or should. */
  readonly wait: number;
}

const STORMS: readonly (readonly [string, Storm])[] = [
  [
    'Retry-After, beside a budget of which much is left',
    { budget: { limit: 1_666, windowSeconds: 10 }, retryAfter: 2, wait: 2 },
  ],
  ['X-RateLimit-Reset alone', { budget: { limit: 1_666, windowSeconds: 2 }, wait: 1 }],
  ['neither', { budget: null, wait: 1 }],
];

describe('a storm of 429 with', () => {
  it.each(STORMS)('%s is waited out without hammering', async (_, { budget, retryAfter, wait }) => {
    project = await Project.open({
      brokers: inject('brokers'),
      registryUrl: inject('registryUrl'),
      simulator: { counts: COUNTS, seed: 8, budget },
    });
    const { simulator } = project;
    simulator.faults.inject({
      kind: 'status',
      status: 429,
      ...(retryAfter === undefined ? {} : { retryAfter }),
    });
    simulator.onRequest = () => {
      simulator.onRequest = null;
      setTimeout(() => simulator.faults.clear(), STORM_SECONDS * 1_000);
    };
    await project.cycle();
    // What is under way when the storm begins is refused together; after each wait one request tries.
    const refused = simulator.requests.filter(({ status }) => status === 429);
    expect(refused.length).toBeLessThanOrEqual(TABLE_NAMES.length + FORESEEN + STORM_SECONDS / wait);
    expect(await problemsOf(project)).toEqual([]);
  });
});
