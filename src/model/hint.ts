/** The content of a notification: the IDs of entities that changed, without their new values. */

/** What can be requested by its ID. */
export type Entity = 'contact' | 'conversation' | 'company' | 'ticket';

export const ENTITIES: readonly Entity[] = ['contact', 'conversation', 'company', 'ticket'];

/** IDs of what changed or went, by kind. */
export type Hint = Readonly<Record<Entity, readonly string[]>>;
