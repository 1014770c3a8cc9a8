/** Which entity a reply to a request by ID shows. */

import { idOf, isObject, type RawRow } from '../model/row.js';

/** Whether a value can be an ID: the API sends them as texts and as numbers. */
export function isId(value: unknown): boolean {
  return ['string', 'number', 'bigint'].includes(typeof value);
}

/**
 * Whether the entity has the ID. A row of another ID would be published under a key that was not requested.
 */
export function hasId(entity: RawRow, id: string): boolean {
  return isId(entity.id) && idOf(entity) === id;
}

/** Whether the entity is a contact that says that the one of this ID was merged into it. */
export function isSurvivorOf(entity: RawRow, id: string): boolean {
  const { merge_history: merges } = entity;
  return Array.isArray(merges) && merges.some((merge) => isObject(merge) && hasId(sourceOf(merge), id));
}

function sourceOf({ source_contact_id: id }: RawRow): RawRow {
  return { id };
}
