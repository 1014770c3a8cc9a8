/** Generates the IDs of rows, and finds the row of an ID. */

import { Dice } from '../random.js';

const ADMIN_IDS_FROM = 991_267_500;
const TEAM_IDS_FROM = 5_017_600;
const TAG_IDS_FROM = 80;
const CONVERSATION_IDS_FROM = 403_918_000;
/** More than any conversation holds, so that no two share the ID of a part. */
const PART_IDS_EACH = 10_000;

export function adminId(index: number): number {
  return ADMIN_IDS_FROM + index;
}

export function teamId(index: number): number {
  return TEAM_IDS_FROM + index;
}

export function tagId(index: number): string {
  return String(TAG_IDS_FROM + index);
}

export function segmentId(seed: number, kind: 'segments' | 'companySegments', index: number): string {
  return new Dice(seed, kind, index).hex(24);
}

/** The ID of a source of a conversation; sources have IDs of their own. */
export function sourceId(index: number): string {
  return String(2 * CONVERSATION_IDS_FROM + index);
}

export function partId(conversation: number, index: number): string {
  return String(10 * CONVERSATION_IDS_FROM + conversation * PART_IDS_EACH + index);
}

/** IDs from which the index of their row can be read back. */
export interface Ids {
  readonly idOf: (index: number) => string;
  /** NaN for an ID that is none of these. */
  readonly indexOf: (id: string) => number;
}

function hexIds(prefix: string): Ids {
  const digits = 24 - prefix.length;
  const pattern = new RegExp(`^${prefix}[0-9a-f]{${digits}}$`);
  return {
    idOf: (index) => `${prefix}${index.toString(16).padStart(digits, '0')}`,
    indexOf: (id) => (pattern.test(id) ? Number.parseInt(id.slice(prefix.length), 16) : Number.NaN),
  };
}

export const contactIds = hexIds('6762f0');
export const companyIds = hexIds('6762f1');
export const conversationIds: Ids = {
  idOf: (index) => String(CONVERSATION_IDS_FROM + index),
  indexOf: (id) => (/^\d{9,15}$/.test(id) ? Number(id) - CONVERSATION_IDS_FROM : Number.NaN),
};
