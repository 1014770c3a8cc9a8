/** The shaping thread: processes one page after another, in order of arrival. */

import { parentPort } from 'node:worker_threads';
import { PageShaper, type ShapedPage, type ShapingPlan } from './page.js';

/** A request to the thread. */
export interface Order {
  readonly id: number;
  /** A copy of the reply: memory that two threads share is released late. */
  readonly body: Uint8Array;
  /** The key under which its rows stand. */
  readonly list: string;
  /** Identifies the plan, which is sent with its first page. */
  readonly planId: number;
  readonly plan: ShapingPlan | null;
  /** Custom attributes that are known to have no column. */
  readonly columnless: readonly string[];
}

/** The thread's answer. */
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
    // The caller reports an invalid reply: it knows the request.
    return null;
  }
}
