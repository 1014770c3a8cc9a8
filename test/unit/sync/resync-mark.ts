import type { ResyncMark } from '../../../src/model/state.js';

/** A resync that has just begun, of a table whose bookmark was 1. */
export const BEGUN: ResyncMark = {
  revision: 1,
  since: null,
  republish: false,
  phase: 'reading',
  startedAt: new Date(0).toISOString(),
  finishedAt: null,
  until: 1,
  reached: null,
  ends: null,
  offsets: [],
  records: 0,
  deletes: 0,
  republished: 0,
  error: null,
};
