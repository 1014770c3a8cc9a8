/** The shaping thread: one page after another, as they come. */

import { parentPort } from 'node:worker_threads';
import { PageShaper, type ShapedPage, type ShapingPlan } from './page.js';

/** What the thread is asked. */
export interface Order {
  readonly id: number;
  /** The reply, a copy: memory that two threads share is released late. */
  readonly body: Uint8Array;
  /** The key under which its rows stand. */
  readonly list: string;
  /** Identifies the plan, which is sent with its first page. */
  readonly planId: number;
  readonly plan: ShapingPlan | null;
  /** Custom attributes that are known to have no column. */
  readonly columnless: readonly string[];
}

/** What it answers. */
export interface Answer {
  readonly id: number;
  /** Null: the caller has to parse the reply. */
  readonly page: ShapedPage | null;
}

const shapers = new Map<number, PageShaper>();

parentPort?.on('message', (order: Order) => {
  const page = shaped(order);
  const answer: Answer = { id: order.id, page };
  parentPort?.postMessage(answer, page === null ? [] : [page.bytes.buffer]);
});

function shaped({ body, list, planId, plan, columnless }: Order): ShapedPage | null {
  try {
    if (plan !== null) shapers.set(planId, new PageShaper(plan));
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
    return shapers.get(planId)?.shape(bytes, list, new Set(columnless)) ?? null;
  } catch {
    // What is wrong with a reply is said by who knows what was asked.
    return null;
  }
}
