/** The short form of `npm run soak`. */

import { expect, inject, it } from 'vitest';
import { soak } from '../support/soak.js';

const SEED = Number(process.env.SOAK_SEED ?? 4_711);

it(`loses, doubles and ages nothing while everything fails (seed ${SEED})`, async () => {
  const { problems, counts } = await soak({
    seed: SEED,
    seconds: 30,
    brokers: inject('brokers'),
    registryUrl: inject('registryUrl'),
    instances: 2,
    servers: {},
    log: () => undefined,
  });
  expect(problems).toEqual([]);
  expect([...counts.keys()]).toEqual(expect.arrayContaining(['publisher killed', 'publisher stopped']));
}, 300_000);
