/** Conversations as the API returns them: with their newest parts, or without parts. */

import type { Row } from './collection.js';
import { REVIEWS } from './generate/reports.js';

/** The text of a redacted part. */
export const REDACTED = '<p><i>This message was deleted</i></p>';

export interface DeletedConversation {
  readonly id: string;
  /** Epoch seconds. */
  readonly deletedAt: number;
}

export function allParts(conversation: Row): readonly Row[] {
  const list = conversation.conversation_parts as { conversation_parts?: Row[] } | undefined;
  return list?.conversation_parts ?? [];
}

export function partList(parts: readonly Row[]): Row {
  return { type: 'conversation_part.list', conversation_parts: parts, total_count: parts.length };
}

/** The newest parts of a conversation, `limit` at most, with the true count of all. */
export function shownParts(conversation: Row, limit: number): Row {
  const parts = allParts(conversation);
  const shown = parts.slice(Math.max(0, parts.length - limit));
  return { ...partList(shown), total_count: parts.length };
}

/** A conversation in a list: without parts, and with reviews only where they were asked for. */
export function listItem(conversation: Row, asked: URLSearchParams): Row {
  return withoutReviews(withoutParts(conversation), asked);
}

export function withoutParts({ conversation_parts: _, ...item }: Row): Row {
  return item;
}

/** Removes the fields that were not requested. */
export function withoutReviews(conversation: Row, asked: URLSearchParams): Row {
  const hidden = Object.entries(REVIEWS)
    .filter(([parameter]) => asked.get(parameter) !== 'true')
    .map(([, field]): string => field);
  return Object.fromEntries(Object.entries(conversation).filter(([field]) => !hidden.includes(field)));
}
