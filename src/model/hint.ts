/** What a notification tells: that something of a workspace changed, and never what it is now. */

/** What can be asked for by its ID. */
export type Entity = 'contact' | 'conversation' | 'company' | 'ticket';

export const ENTITIES: readonly Entity[] = ['contact', 'conversation', 'company', 'ticket'];

/** IDs of what changed or went, by kind. */
export type Hint = Readonly<Record<Entity, readonly string[]>>;
