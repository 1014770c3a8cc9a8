/** What a table has set aside, kept in its state and reported. To be called within the table's turn. */

import type { Events } from '../model/events.js';
import { afterRetry, isSame, type SetAside, type Unread, withUnread } from '../model/set-aside.js';
import type { TableWork } from './source.js';

export class SetAsideList {
  readonly #work: TableWork;
  readonly #events: Events;

  constructor(work: TableWork, events: Events) {
    this.#work = work;
    this.#events = events;
  }

  get entries(): readonly SetAside[] {
    return this.#work.memory.state.setAside;
  }

  /**
   * The state holds it from now on; the next commit makes it durable. Throws the failure when the list is
   * full.
   */
  add(unread: readonly Unread[]): void {
    if (unread.length === 0) return;
    const before = this.entries;
    this.#change(withUnread(before, unread, Date.now()));
    const added = this.entries.filter((entry) => !before.some((known) => isSame(known, entry)));
    for (const entry of added) this.#events.emit('set-aside:added', { ...this.#at(), entry });
  }

  /** An entry was retried; `unread` is what is left of it. */
  retried(entry: SetAside, unread: readonly Unread[]): void {
    this.#change(afterRetry(this.entries, entry, unread, Date.now()));
    if (unread.length === 0) this.#events.emit('set-aside:recovered', { ...this.#at(), entry });
  }

  #change(entries: readonly SetAside[]): void {
    const { memory } = this.#work;
    memory.state = { ...memory.state, setAside: entries };
    this.#events.emit('set-aside:changed', { ...this.#at(), entries });
  }

  #at() {
    return { connection: this.#work.settings.connection, table: this.#work.source.name };
  }
}
