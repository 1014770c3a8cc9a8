/** Rows of the tables that are off by default, as Intercom sends them. */

import type { MoreTable, Row } from './more-workspace.js';

/** Some rows of each table, the first of them a second after `since` (epoch seconds). */
export function moreRows(since: number): Record<MoreTable, Row[]> {
  const times = (index: number) => ({ created_at: since + index, updated_at: since + index });
  const iso = (index: number) => new Date((since + index) * 1000).toISOString();
  return {
    tickets: rows(5, (id) => ({
      type: 'ticket',
      id: `t${id}`,
      ticket_id: `${id}`,
      admin_assignee_id: id === 1 ? 0 : 814_860,
      ticket_attributes: { _default_title_: `Ticket ${id}` },
      ticket_state: { type: 'ticket_state', id: '1', category: 'submitted' },
      open: true,
      ...times(id),
    })),
    ticket_types: rows(3, (id) => ({
      type: 'ticket_type',
      id: `${id}`,
      name: `Type ${id}`,
      archived: false,
      ...times(id),
    })),
    conversation_attributes: rows(3, (id) => ({
      type: 'conversation_attribute',
      id,
      name: `Attribute ${id}`,
      data_type: 'string',
      ...times(id),
    })),
    activity_logs: rows(5, (id) => ({
      id: `log-${id}`,
      activity_type: 'admin_login_success',
      performed_by: { type: 'admin', id: '1' },
      metadata: { auth: 'sso' },
      created_at: since + id,
    })),
    articles: rows(5, (id) => ({
      type: 'article',
      id: `${id}`,
      title: `Article ${id}`,
      body: '<p>text</p>',
      parent_ids: [1, 2],
      author_id: 7,
      ...times(id),
    })),
    help_center_collections: rows(5, (id) => ({
      id: `${id}`,
      name: `Collection ${id}`,
      order: id,
      help_center_id: 9,
      ...times(id),
    })),
    subscription_types: rows(2, (id) => ({
      type: 'subscription',
      id: `${id}`,
      state: 'live',
      content_types: ['email'],
      translations: [{ name: 'News', locale: 'en' }],
    })),
    macros: rows(5, (id) => ({
      type: 'macro',
      id: `${id}`,
      name: `Macro ${id}`,
      available_on: ['inbox'],
      created_at: iso(id),
      updated_at: iso(id),
    })),
  };
}

function rows(count: number, make: (index: number) => Row): Row[] {
  return Array.from({ length: count }, (_, index) => make(index + 1));
}
