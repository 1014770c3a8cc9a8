/**
 * Cycles of the library in this process: a process of its own costs five times as much, and few tests need
 * one.
 */

type Library = typeof import('../../src/index.js');
/** As it is shipped, second thread and all. */
const LIBRARY = new URL('../../dist/index.js', import.meta.url).href;

/**
 * One complete cycle of all connections of a configuration file, by a new publisher. Throws the first
 * failure.
 */
export async function cycleOnce(config: string): Promise<void> {
  const library: Library = await import(LIBRARY);
  const publisher = await library.createPublisher(config);
  try {
    await publisher.runOnce();
  } finally {
    await publisher.close();
  }
}
