/** Intercom's notifications: who sent one, and which things it is about. Pure. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Entity, Hint } from '../model/hint.js';
import { parseJson } from './parse.js';

/**
 * Whether `X-Hub-Signature` (`sha1=` and 40 hexadecimal digits) is the HMAC of these very bytes under the app's client secret. Takes
 * the same time whatever is wrong with it.
 */
export function isSigned(body: Buffer, header: string | undefined, clientSecret: string): boolean {
  const expected = Buffer.from(`sha1=${createHmac('sha1', clientSecret).update(body).digest('hex')}`);
  const given = Buffer.from((header ?? '').trim().toLowerCase().padEnd(expected.length).slice(0, 200));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** A notification, as far as it matters here. */
export interface Notification {
  readonly topic: string;
  readonly hint: Hint;
}

/** What the types of things, and the beginnings of topics, stand for. */
const ENTITY_OF: ReadonlyMap<string, Entity> = new Map([
  ['contact', 'contact'],
  ['user', 'contact'],
  ['lead', 'contact'],
  ['conversation', 'conversation'],
  ['company', 'company'],
]);

/** Where the thing of a notification may be nested: a tag topic carries tag and contact, a part its conversation. */
const NESTED: Readonly<Record<string, Entity>> = {
  contact: 'contact',
  merged_from: 'contact',
  conversation: 'conversation',
  company: 'company',
};

/** Reads a body whose signature was checked; null when it is no notification. One that concerns no table gives an empty hint. */
export function readNotification(body: Buffer): Notification | null {
  let json: unknown;
  try {
    json = parseJson(body.toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(json) || typeof json.topic !== 'string') return null;
  const item = isObject(json.data) && isObject(json.data.item) ? json.data.item : {};
  return { topic: json.topic, hint: hintOf(json.topic, item) };
}

function hintOf(topic: string, item: Readonly<Record<string, unknown>>): Hint {
  const found: Record<Entity, Set<string>> = {
    contact: new Set(),
    conversation: new Set(),
    company: new Set(),
  };
  const add = (entity: Entity | undefined, id: unknown) => {
    if (entity !== undefined && isId(id)) found[entity].add(String(id));
  };
  const type = typeof item.type === 'string' ? item.type : (topic.split('.')[0] ?? '');
  add(ENTITY_OF.get(type), item.id);
  for (const [key, entity] of Object.entries(NESTED)) {
    const nested = item[key];
    if (isObject(nested)) add(entity, nested.id);
  }
  add('conversation', item.conversation_id);
  return {
    contact: [...found.contact],
    conversation: [...found.conversation],
    company: [...found.company],
  };
}

function isId(value: unknown): value is string | number {
  return (typeof value === 'string' && value !== '' && value.length <= 200) || Number.isSafeInteger(value);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
