/** The shaping thread of a test, from its source. */

import { onTestFinished } from 'vitest';
import { Shaping, type ShapingOptions } from '../../src/publisher/shaping/shaping.js';

const SCRIPT = new URL('shaping-thread.mjs', import.meta.url);

/** Starts it; it ends with the test. */
export async function shapingThread(options: ShapingOptions = {}): Promise<Shaping> {
  const shaping = new Shaping({ script: SCRIPT, isWorthIt: true, ...options });
  onTestFinished(() => shaping.close());
  await shaping.start();
  return shaping;
}
