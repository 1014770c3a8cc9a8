/**
 * With `--import` of this file the publisher sends one request at a time, and so reads one window at a time.
 * Nothing else changes.
 */

import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const WHERE = /\/dist\/publisher\/api\.js$/;
const MOST = 'const MAX_IN_FLIGHT = 100;';

// Module hooks run in another thread, which loads this file too.
if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!WHERE.test(url)) return loaded;
  const source = String(loaded.source);
  if (!source.includes(MOST)) throw new Error(`${url} has no "${MOST}" any more`);
  return { ...loaded, source: source.replace(MOST, 'const MAX_IN_FLIGHT = 1;') };
}
