import { defineConfig } from 'vitest/config';

/** Tests that start, stop and kill a cluster of their own. */
const OWN_CLUSTER = [
  'test/faults/{calm-cluster,cluster-writer,moving-leaders,storm-cluster}.test.ts',
  'test/integration/foreign-topics.test.ts',
];

/**
 * Tests of delivery that share one broker, and with `DELIVERY_ON_CLUSTER` set a cluster as well: `npm run
 * test:delivery`.
 */
const ALSO_ON_CLUSTER = [
  'test/faults/{fencing,instances,kill,resume,soak}.test.ts',
  'test/e2e/replication.test.ts',
];

// `unit` needs nothing but Node. `real` starts a real Kafka and registry once for all its files. `cluster`
// has what needs three brokers.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          sequence: { groupOrder: 0 },
          include: ['test/unit/**/*.test.ts', 'test/contract/**/*.test.ts'],
          // Properties take their time on a machine that has other things to do.
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: 'real',
          include: ['test/{integration,faults,e2e}/**/*.test.ts'],
          exclude: OWN_CLUSTER,
          globalSetup: ['test/support/stack.ts'],
          // How long a test may hang, and no bound of what it tests: servers take long to start beside another's.
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'cluster',
          include: process.env.DELIVERY_ON_CLUSTER ? [...OWN_CLUSTER, ...ALSO_ON_CLUSTER] : OWN_CLUSTER,
          env: { KILLS: '15', INSTANCES_ROUNDS: '2' },
          globalSetup: ['test/support/cluster-stack.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
          // One at a time: storms have bounds of time, and each test has three brokers of its own.
          maxWorkers: 1,
        },
      },
    ],
  },
});
