import { defineConfig } from 'vitest/config';

/** What Stryker runs for each mutant: quick tests near the code, and those that meet a real Kafka. */
export default defineConfig({
  test: {
    include: ['test/unit/{sync,kafka,model}/**/*.test.ts', 'test/integration/kafka{,-rooms}.test.ts'],
    globalSetup: ['test/support/stack.ts'],
    setupFiles: ['test/support/few-runs.ts'],
    env: { PROPERTY_RUNS: '0.1' },
    testTimeout: 20_000,
    hookTimeout: 20_000,
    fileParallelism: false,
  },
});
