import { fileURLToPath } from 'node:url';
import { defineConfig, type TestProjectConfiguration } from 'vitest/config';
import usual from './vitest.config.js';

const built = fileURLToPath(new URL('./dist', import.meta.url));

/**
 * As usual, but with the built files in place of their sources: what commands in processes of their own run
 * counts, too.
 */
const measured = (project: TestProjectConfiguration): TestProjectConfiguration =>
  typeof project === 'object' && 'test' in project
    ? {
        ...project,
        resolve: { alias: [{ find: /^(?:\.\.\/)+src\/(.*)\.js$/, replacement: `${built}/$1.js` }] },
        test: {
          ...project.test,
          pool: 'forks',
          server: { deps: { external: [/\/dist\//] } },
          setupFiles: ['test/support/take-coverage.ts'],
        },
      }
    : project;

export default defineConfig({
  test: { ...usual.test, projects: (usual.test?.projects ?? []).map(measured) },
});
