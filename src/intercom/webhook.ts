/** Intercom's notifications: whether Intercom signed one, and which entities it names. Pure. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { ENTITIES, type Entity, type Hint } from '../model/hint.js';
import { isObject, type RawObject } from '../model/row.js';
import { parseJson } from './parse.js';
import { entitiesOf } from './webhook-topics.js';

/**
 * Whether `X-Hub-Signature` (`sha1=` and 40 hexadecimal digits) is the HMAC of these very bytes under the
 * app's client secret. Takes the same time whatever is wrong with it.
 */
export function isSigned(body: Buffer, header: string | undefined, clientSecret: string): boolean {
  const expected = Buffer.from(`sha1=${createHmac('sha1', clientSecret).update(body).digest('hex')}`);
  const given = Buffer.from((header ?? '').trim().toLowerCase().padEnd(expected.length).slice(0, 200));
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The parts of a notification that the publisher uses. */
export interface Notification {
  readonly topic: string;
  readonly hint: Hint;
}

type Item = RawObject;

/** The values of `type` that an entity has, in any version. */
const ENTITY_OF_TYPE: ReadonlyMap<unknown, Entity> = new Map([
  ['contact', 'contact'],
  ['user', 'contact'],
  ['lead', 'contact'],
  ['visitor', 'contact'],
  ['conversation', 'conversation'],
  ['company', 'company'],
  ['ticket', 'ticket'],
]);

/**
 * Reads a body whose signature was checked; null when it is no notification. One that concerns no table gives
 * an empty hint.
 */
export function readNotification(body: Buffer): Notification | null {
  let json: unknown;
  try {
    json = parseJson(body.toString('utf8'));
  } catch {
    return null;
  }
  if (!isObject(json) || typeof json.topic !== 'string') return null;
  return { topic: json.topic, hint: hintOf(json.topic, objectAt(objectAt(json, 'data'), 'item')) };
}

function hintOf(topic: string, item: Item): Hint {
  const named = entitiesOf(topic);
  const found = idsIn(topic, item);
  // A customer's ticket is a conversation, too, and both have one ID.
  if (!isInternalTicket(item)) found.conversation.push(...found.ticket);
  const hint = ENTITIES.map((entity) => {
    const ids = named.includes(entity) ? found[entity].filter(isId).map(String) : [];
    return [entity, [...new Set(ids)]] as const;
  });
  return Object.fromEntries(hint) as Record<Entity, string[]>;
}

/** The values of every place where an item of any topic has an ID of an entity. */
function idsIn(topic: string, item: Item): Record<Entity, unknown[]> {
  const own = ENTITY_OF_TYPE.get(item.type ?? topic.split('.')[0]);
  const [conversation, ticket] = [objectAt(item, 'conversation'), objectAt(item, 'ticket')];
  const idOfOwn = (entity: Entity) => (own === entity ? item.id : undefined);
  return {
    // Older versions say which kind of contact it is.
    contact: [
      idOfOwn('contact'),
      ...['contact', 'user', 'lead', 'visitor', 'merged_from'].map((key) => objectAt(item, key).id),
    ],
    conversation: [
      idOfOwn('conversation'),
      item.conversation_id,
      conversation.id,
      // The conversation of `conversation.contact.attached` has no ID of its own.
      objectAt(conversation, 'model').id,
      ...listAt(conversation, 'parts').map((part) => part.conversation_id),
    ],
    company: [idOfOwn('company'), objectAt(item, 'company').id],
    ticket: [idOfOwn('ticket'), item.ticket_id, ticket.id, objectAt(ticket, 'model').id],
  };
}

/** Whether the ticket is known to be none of a customer: such a ticket has no conversation. */
function isInternalTicket(item: Item): boolean {
  const category = objectAt(item, 'ticket').category ?? item.category;
  return typeof category === 'string' && category.toLowerCase() !== 'customer';
}

/** Numbers beyond 2^53 come as `bigint`. */
function isId(value: unknown): value is string | number | bigint {
  if (typeof value === 'string') return value !== '' && value.length <= 200;
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

/** The object under a key; an empty one where there is none. */
function objectAt(value: Item, key: string): Item {
  const found = Object.hasOwn(value, key) ? value[key] : undefined;
  return isObject(found) ? found : {};
}

function listAt(value: Item, key: string): Item[] {
  const found = value[key];
  return Array.isArray(found) ? found.filter(isObject) : [];
}
