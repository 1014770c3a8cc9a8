/** The workspace behind the API: its rows, and what its people do to them while it runs. */

import { Collection, type Row } from './collection.js';
import { conversationGenerator, makePart } from './conversations.js';
import { makeAdmins, makeAttributes, makeSegments, makeTags, makeTeams } from './lists.js';
import type { SimulatorOptions } from './options.js';
import { companyGenerator, contactGenerator } from './people.js';
import { Dice } from './random.js';

/** Tables that are read as one short list. */
export const LIST_TABLES = [
  'admins',
  'teams',
  'tags',
  'segments',
  'company_segments',
  'contact_attributes',
  'company_attributes',
] as const;
export type ListTable = (typeof LIST_TABLES)[number];

export const LARGE_TABLES = ['contacts', 'companies', 'conversations'] as const;
export type LargeTable = (typeof LARGE_TABLES)[number];

export type SimulatedTable = ListTable | LargeTable;

export interface DeletedConversation {
  readonly id: string;
  /** Epoch seconds. */
  readonly deletedAt: number;
}

export class Workspace {
  readonly #options: SimulatorOptions;
  readonly #lists: Readonly<Record<ListTable, Row[]>>;
  readonly contacts: Collection;
  readonly companies: Collection;
  readonly conversations: Collection;
  /** Contacts that were merged into others, by their IDs. */
  readonly mergedInto = new Map<string, string>();
  readonly deletedConversations: DeletedConversation[] = [];
  #created = 0;

  constructor(options: SimulatorOptions) {
    this.#options = options;
    const end = options.now() - 60;
    this.#lists = {
      admins: makeAdmins(options),
      teams: makeTeams(options),
      tags: makeTags(options),
      segments: makeSegments(options, 'segments'),
      company_segments: makeSegments(options, 'companySegments'),
      contact_attributes: makeAttributes(options, 'contact'),
      company_attributes: makeAttributes(options, 'company'),
    };
    this.contacts = new Collection(contactGenerator(options, end));
    this.companies = new Collection(companyGenerator(options, end));
    this.conversations = new Collection(conversationGenerator(options, end));
  }

  list(table: ListTable): readonly Row[] {
    return this.#lists[table];
  }

  /**
   * The rows that a perfect replicator ends up with, as the API sends them: whole lists inside contacts, conversations without their parts, and
   * each part with what it inherits from its conversation.
   */
  *rows(table: SimulatedTable | 'conversation_parts'): Generator<Row> {
    if (table === 'conversation_parts') {
      for (const conversation of this.conversations.rows()) yield* this.partsOf(conversation);
    } else if (table === 'conversations') {
      for (const conversation of this.conversations.rows()) yield withoutParts(conversation);
    } else if (table === 'contacts' || table === 'companies') {
      yield* this[table].rows();
    } else {
      yield* this.#lists[table];
    }
  }

  /** The parts that the conversation's detail shows. */
  partsOf(conversation: Row): Row[] {
    const { conversation_parts: parts, total_count: total } = shownParts(
      conversation,
      this.#options.partsLimit,
    );
    return parts.map((part) => ({
      ...part,
      conversation_id: conversation.id,
      conversation_created_at: conversation.created_at,
      conversation_updated_at: conversation.updated_at,
      conversation_total_parts: total,
    }));
  }

  /** Makes a row like the generated ones, with the patch over it. Returns its ID. */
  create(table: SimulatedTable, patch: Row = {}): string {
    this.#created += 1;
    const id = String(patch.id ?? this.#newId(table));
    if (isList(table)) {
      const [template = {}] = this.#lists[table];
      const now = this.#options.now();
      const hasTime = template.updated_at !== undefined;
      this.#lists[table].push({
        ...template,
        id,
        name: `new ${id}`,
        ...(hasTime ? { created_at: now, updated_at: now } : {}),
        ...(table.endsWith('_attributes') ? ownAttribute(id, now) : {}),
        ...patch,
      });
      return id;
    }
    const { merge_history: _, ...template } = this[table].any() ?? {
      type: table.replace(/ies$/, 'y').replace(/s$/, ''),
    };
    const now = this.#options.now();
    const row = { ...template, id, created_at: now, updated_at: now, ...ownLists(table, id), ...patch };
    this[table].put(id, row, Number(row.updated_at));
    return id;
  }

  /** Changes a row; its `updated_at` moves to now unless the patch says otherwise. Throws when there is no such row. */
  update(table: SimulatedTable, id: string, patch: Row = {}): void {
    if (isList(table)) {
      const row = this.#inList(table, id);
      Object.assign(row, row.updated_at === undefined ? {} : { updated_at: this.#options.now() }, patch);
      return;
    }
    const row = this[table].get(id);
    if (row === undefined) throw new Error(`there is no row ${id} in ${table}`);
    const changed: Row = { ...row, updated_at: this.#options.now(), ...patch };
    this[table].put(id, changed, Number(changed.updated_at));
  }

  /** Removes a row; a conversation shows in the list of deleted ones from then on. */
  remove(table: SimulatedTable, id: string): void {
    if (isList(table)) {
      this.#lists[table].splice(this.#lists[table].indexOf(this.#inList(table, id)), 1);
      return;
    }
    if (!this[table].remove(id)) throw new Error(`there is no row ${id} in ${table}`);
    if (table === 'conversations') this.deletedConversations.push({ id, deletedAt: this.#options.now() });
  }

  /** Adds a part to a conversation, which moves the conversation. Returns the part's ID. */
  addPart(conversationId: string, patch: Row = {}): string {
    this.#created += 1;
    const now = this.#options.now();
    const id = String(patch.id ?? 9_000_000_000 + this.#created);
    const part = {
      ...makePart(new Dice(this.#options.seed, 'new part', this.#created), id, now, false),
      id,
      ...patch,
    };
    this.#changeParts(conversationId, (parts) => [...parts, part]);
    return id;
  }

  /** Redacts a part, which moves it and its conversation. */
  redactPart(conversationId: string, partId: string): void {
    const now = this.#options.now();
    const redacted = {
      redacted: true,
      body: '<p><i>This message was deleted</i></p>',
      attachments: [],
      updated_at: now,
    };
    this.#changeParts(conversationId, (parts) =>
      parts.map((part) => (String(part.id) === partId ? { ...part, ...redacted } : part)),
    );
  }

  /** The source vanishes from searches, the target is updated; the history of merges is a user's only. */
  mergeContacts(sourceId: string, targetId: string): void {
    const [source, target] = [this.contacts.get(sourceId), this.contacts.get(targetId)];
    this.remove('contacts', sourceId);
    this.mergedInto.set(sourceId, targetId);
    const merge = {
      type: 'merge_history',
      source_contact_id: sourceId,
      source_contact_role: source?.role,
      merged_at: this.#options.now(),
    };
    const history = [...((target?.merge_history ?? []) as Row[]), merge];
    this.update('contacts', targetId, target?.role === 'user' ? { merge_history: history } : {});
  }

  /** What a merged contact became, over three merges at most. */
  canonicalContact(id: string): string | undefined {
    let target = this.mergedInto.get(id);
    for (let hops = 1; hops < 3; hops += 1) target = this.mergedInto.get(target ?? '') ?? target;
    return target;
  }

  #changeParts(conversationId: string, change: (parts: readonly Row[]) => Row[]): void {
    const conversation = this.conversations.get(conversationId);
    if (conversation === undefined) throw new Error(`there is no conversation ${conversationId}`);
    const parts = change(shownParts(conversation, Number.POSITIVE_INFINITY).conversation_parts);
    this.update('conversations', conversationId, {
      conversation_parts: {
        type: 'conversation_part.list',
        conversation_parts: parts,
        total_count: parts.length,
      },
    });
  }

  #inList(table: ListTable, id: string): Row {
    const row = this.#lists[table].find((each) => String(each.id ?? each.full_name) === id);
    if (row === undefined) throw new Error(`there is no row ${id} in ${table}`);
    return row;
  }

  #newId(table: SimulatedTable): string | number {
    if (table === 'contacts' || table === 'companies' || table.endsWith('segments'))
      return `aaaaaa${String(this.#created).padStart(18, '0')}`;
    return 900_000_000 + this.#created;
  }
}

/** The newest parts of a conversation, `limit` at most, with the true count of all. */
export function shownParts(
  conversation: Row,
  limit: number,
): { conversation_parts: Row[]; total_count: number } {
  const list = conversation.conversation_parts as { conversation_parts?: Row[] } | undefined;
  const parts = list?.conversation_parts ?? [];
  return {
    conversation_parts: parts.slice(-Math.min(limit, Math.max(1, parts.length))),
    total_count: parts.length,
  };
}

export function withoutParts(conversation: Row): Row {
  const { conversation_parts: _, ...rest } = conversation;
  return rest;
}

export function isList(table: SimulatedTable): table is ListTable {
  return (LIST_TABLES as readonly string[]).includes(table);
}

/** A new attribute is a custom one, which has an ID (a number) and times. */
function ownAttribute(id: string, now: number): Row {
  const names = { full_name: `custom_attributes.new ${id}`, label: `new ${id}` };
  return { id: Number(id), ...names, custom: true, created_at: now, updated_at: now };
}

/** What a new row does not share with the row that it is modelled on. */
function ownLists(table: LargeTable, id: string): Row {
  if (table === 'conversations')
    return { conversation_parts: { type: 'conversation_part.list', conversation_parts: [], total_count: 0 } };
  if (table === 'companies') return {};
  const empty = (path: string) => ({
    type: 'list',
    data: [],
    url: `/contacts/${id}/${path}`,
    total_count: 0,
    has_more: false,
  });
  return {
    tags: empty('tags'),
    notes: empty('notes'),
    companies: empty('companies'),
    opted_out_subscription_types: empty('subscriptions'),
    opted_in_subscription_types: empty('subscriptions'),
  };
}
