/** The workspace behind the API: its rows, and the changes that its users make. */

import { Collection, type Row } from './collection.js';
import { emptyLists, withMerges, withoutMerges } from './contacts.js';
import {
  allParts,
  type DeletedConversation,
  listItem,
  partList,
  REDACTED,
  shownParts,
} from './conversations.js';
import { companyGenerator } from './generate/companies.js';
import { contactGenerator } from './generate/contacts.js';
import { conversationGenerator } from './generate/conversations.js';
import { makePart } from './generate/parts.js';
import { secondsOf } from './generate/times.js';
import { LaggingCollection } from './lag.js';
import { isList, Lists, type ListTable } from './lists.js';
import type { SimulatorOptions } from './options.js';
import { Dice } from './random.js';

export { withoutParts } from './conversations.js';
export { LIST_TABLES, type ListTable } from './lists.js';

export const LARGE_TABLES = ['contacts', 'companies', 'conversations'] as const;
export type LargeTable = (typeof LARGE_TABLES)[number];

export type SimulatedTable = ListTable | LargeTable;
export type ReplicatedTable = SimulatedTable | 'conversation_parts';

/** Far above the IDs of generated parts. */
const NEW_PARTS_FROM = 900_000_000_000;
const NOTHING_ASKED = new URLSearchParams();
const EVERYTHING_ASKED = new URLSearchParams({ include_monitors: 'true', include_scorecards: 'true' });

export class Workspace {
  readonly #options: SimulatorOptions;
  readonly #lists: Lists;
  readonly #contacts: LaggingCollection;
  readonly companies: Collection;
  readonly conversations: Collection;
  /** Contacts that were merged into others, by their IDs. */
  readonly mergedInto = new Map<string, string>();
  readonly deletedConversations: DeletedConversation[] = [];
  #newParts = 0;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    const end = options.now() - 60;
    this.#lists = new Lists(options);
    this.#contacts = new LaggingCollection(contactGenerator(options, end), options.indexDelay, options.now);
    this.companies = new Collection(companyGenerator(options, end));
    this.conversations = new Collection(conversationGenerator(options, end));
  }

  get contacts(): Collection {
    return this.#contacts.rows;
  }

  /** The contacts as a search returns them: delayed by its index. */
  get searchedContacts(): Collection {
    return this.#contacts.searched;
  }

  list(table: ListTable): readonly Row[] {
    return this.#lists.all(table);
  }

  get(table: SimulatedTable, id: string): Row | undefined {
    return isList(table) ? this.#lists.find(table, id) : this[table].get(id);
  }

  count(table: SimulatedTable): number {
    return isList(table) ? this.list(table).length : this[table].size;
  }

  /**
   * The rows that a correct replicator ends up with, as the API sends them: whole lists inside contacts,
   * conversations without their parts, and each part with the fields that it inherits from its conversation.
   * `everything`: also fields that the API sends only on request (merges of contacts, monitors and scorecards
   * of conversations).
   */
  *rows(table: ReplicatedTable, everything = false): Generator<Row, void, undefined> {
    if (table === 'conversation_parts') {
      for (const conversation of this.conversations.rows()) yield* this.partsOf(conversation);
    } else if (table === 'conversations') {
      const asked = everything ? EVERYTHING_ASKED : NOTHING_ASKED;
      for (const conversation of this.conversations.rows()) yield listItem(conversation, asked);
    } else if (table === 'contacts') {
      for (const contact of this.contacts.rows())
        yield everything ? withMerges(contact) : withoutMerges(contact);
    } else if (table === 'companies') {
      yield* this.companies.rows();
    } else {
      yield* this.list(table);
    }
  }

  /** The parts that the conversation's detail shows. */
  partsOf(conversation: Row): Row[] {
    const shown = shownParts(conversation, this.#options.partsLimit);
    return (shown.conversation_parts as Row[]).map((part) => ({
      ...part,
      conversation_id: conversation.id,
      conversation_created_at: conversation.created_at,
      conversation_updated_at: conversation.updated_at,
      conversation_total_parts: shown.total_count,
    }));
  }

  /** Creates a row like the generated ones, with the patch merged over it. Returns its ID. */
  create(table: SimulatedTable, patch: Row = {}): string {
    if (isList(table)) return this.#lists.create(table, patch);
    const now = this.#options.now();
    const { id, ...rest } = patch;
    const own = {
      created_at: now,
      updated_at: now,
      ...(table === 'conversations' ? { conversation_parts: partList([]) } : {}),
      ...rest,
    };
    const name = String(id ?? this[table].nextId);
    const lists = table === 'contacts' ? emptyLists(name) : {};
    this.#rowsOf(table).create(name, this.#timeOf(own.updated_at), { ...lists, ...own });
    return name;
  }

  /**
   * Changes a row; its `updated_at` becomes now unless the patch sets it. Throws when there is no such row.
   */
  update(table: SimulatedTable, id: string, patch: Row = {}): void {
    if (isList(table)) {
      this.#lists.update(table, id, patch);
    } else {
      const changed = { updated_at: this.#options.now(), ...patch };
      this.#rowsOf(table).update(this.#indexOf(table, id), this.#timeOf(changed.updated_at), changed);
    }
  }

  /**
   * Changes the `count` rows that were created first, so that many of them share a second. Returns their IDs.
   */
  touchMany(table: LargeTable, count: number, patch: Row = {}): string[] {
    const ids: string[] = [];
    for (let index = 0; index < this[table].end && ids.length < count; index += 1)
      if (this[table].has(index)) ids.push(this[table].idAt(index));
    for (const id of ids) this.update(table, id, patch);
    return ids;
  }

  /** Removes a row; a conversation shows in the list of deleted ones from then on. */
  remove(table: SimulatedTable, id: string): void {
    if (isList(table)) this.#lists.remove(table, id);
    else this.#rowsOf(table).remove(this.#indexOf(table, id));
    if (table === 'conversations') this.deletedConversations.push({ id, deletedAt: this.#options.now() });
  }

  /** Adds a part to a conversation, which moves the conversation. Returns the part's ID. */
  addPart(conversationId: string, patch: Row = {}): string {
    this.#newParts += 1;
    const dice = new Dice(this.#options.seed, 'new part', this.#newParts);
    const id = String(patch.id ?? NEW_PARTS_FROM + this.#newParts);
    const part = { ...makePart(this.#options, dice, id, this.#options.now()), id, ...patch };
    this.#changeParts(conversationId, (parts) => [...parts, part]);
    return id;
  }

  /** Redacts a part, which moves it and its conversation. Throws when there is no such part. */
  redactPart(conversationId: string, partId: string): void {
    const redacted = { redacted: true, body: REDACTED, attachments: [], updated_at: this.#options.now() };
    this.#changeParts(conversationId, (parts) => {
      if (!parts.some(({ id }) => String(id) === partId)) throw new Error(`there is no part ${partId}`);
      return parts.map((part) => (String(part.id) === partId ? { ...part, ...redacted } : part));
    });
  }

  /**
   * Merges a contact: the source disappears from searches, the target is updated and has the source in its
   * history.
   */
  mergeContacts(sourceId: string, targetId: string): void {
    const source = this.contacts.get(sourceId);
    const target = this.contacts.get(targetId);
    if (source === undefined || target === undefined || sourceId === targetId)
      throw new Error(`can't merge contact ${sourceId} into ${targetId}`);
    const merge = {
      type: 'merge_history',
      source_contact_id: sourceId,
      source_contact_role: source.role,
      merged_at: this.#options.now(),
    };
    this.remove('contacts', sourceId);
    this.mergedInto.set(sourceId, targetId);
    const history = [...((target.merge_history ?? []) as Row[]), merge];
    this.update('contacts', targetId, target.role === 'user' ? { merge_history: history } : {});
  }

  /**
   * The contact that a merged contact is part of now, after three further merges at most; undefined for one
   * that was never merged.
   */
  canonicalContact(id: string): string | undefined {
    let target = this.mergedInto.get(id);
    for (let hops = 1; hops < 3; hops += 1) target = this.mergedInto.get(target ?? '') ?? target;
    return target;
  }

  #changeParts(conversationId: string, change: (parts: readonly Row[]) => readonly Row[]): void {
    const conversation = this.conversations.get(conversationId);
    if (conversation === undefined) throw new Error(`there is no conversation ${conversationId}`);
    this.update('conversations', conversationId, {
      conversation_parts: partList(change(allParts(conversation))),
    });
  }

  #rowsOf(table: LargeTable): CollectionChanges {
    return table === 'contacts' ? this.#contacts : this[table];
  }

  #indexOf(table: LargeTable, id: string): number {
    const index = this[table].indexOf(id);
    if (index === undefined) throw new Error(`there is no row ${id} in ${table}`);
    return index;
  }

  /** The time of a row in the order by `updated_at`, whatever form the field has. */
  #timeOf(updatedAt: unknown): number {
    const time = secondsOf(updatedAt);
    return Number.isNaN(time) ? this.#options.now() : time;
  }
}

type CollectionChanges = Pick<Collection, 'create' | 'update' | 'remove'>;
