/** Conversations with their parts, each made from its index. */

import type { Generator, Row } from './collection.js';
import { adminId, tagId, teamId } from './lists.js';
import type { SimulatorOptions } from './options.js';
import { hexIds, timeOf } from './people.js';
import { Dice } from './random.js';
import { HOSTILE_TEXTS, sentence, thing } from './texts.js';

const IDS_FROM = 403_918_000;
const PART_TYPES = [
  'comment',
  'note',
  'assignment',
  'open',
  'close',
  'snoozed',
  'conversation_attribute_updated_by_admin',
];

export function conversationGenerator(options: SimulatorOptions, end: number): Generator {
  const count = options.counts.conversations;
  const times = timeOf(options, count, end);
  return {
    count,
    timeOf: times,
    idOf: (index) => String(IDS_FROM + index),
    indexOf: (id) => {
      const index = /^\d{1,15}$/.test(id) ? Number(id) - IDS_FROM : Number.NaN;
      return index >= 0 && index < count ? index : undefined;
    },
    make: (index) => makeConversation(options, index, times(index)),
  };
}

/** A conversation as its detail shows it, with all its parts however many they are. */
function makeConversation(options: SimulatorOptions, index: number, time: number): Row {
  const dice = new Dice(options.seed, 'conversations', index);
  const contact = hexIds('6762f0', Number.POSITIVE_INFINITY).idOf(
    dice.below(Math.max(1, options.counts.contacts)),
  );
  const rated = dice.chance(0.2);
  return {
    type: 'conversation',
    id: String(IDS_FROM + index),
    title: dice.chance(0.3) ? thing(dice) : null,
    created_at: time - 90_000,
    updated_at: time,
    waiting_since: dice.chance(0.3) ? time - 60 : null,
    snoozed_until: dice.chance(0.1) ? time + 86_400 : null,
    source: dice.chance(0.05) ? null : makeSource(dice, index, contact),
    contacts: {
      type: 'contact.list',
      contacts: [{ type: 'contact', id: contact, external_id: dice.chance(0.5) ? '70' : null }],
    },
    first_contact_reply: dice.chance(0.5)
      ? { created_at: time - 80_000, type: 'conversation', url: null }
      : null,
    admin_assignee_id: dice.chance(0.4) ? 0 : adminId(dice.below(Math.max(1, options.counts.admins))),
    team_assignee_id: dice.chance(0.6) ? 0 : teamId(dice.below(Math.max(1, options.counts.teams))),
    ...(dice.chance(0.2)
      ? { company: { type: 'company', id: 'c1', name: 'Söhne', custom_attributes: { a: 1 } } }
      : {}),
    open: dice.chance(0.5),
    state: dice.pick(['open', 'closed', 'snoozed']),
    read: dice.chance(0.5),
    tags: {
      type: 'tag.list',
      tags: dice.chance(0.3)
        ? [
            {
              type: 'tag',
              id: tagId(1),
              name: 'Größe',
              applied_at: time,
              applied_by: { type: 'admin', id: String(adminId(0)) },
            },
          ]
        : [],
    },
    priority: dice.pick(['none', 'low', 'medium', 'high', 'urgent']),
    sla_applied: dice.chance(0.1)
      ? { type: 'conversation_sla_summary', sla_name: 'gold', sla_status: dice.pick(['hit', 'missed', null]) }
      : null,
    statistics: dice.chance(0.8) ? makeStatistics(dice, time) : null,
    conversation_rating: rated
      ? {
          rating: dice.chance(0.7) ? 1 + dice.below(5) : null,
          remark: 'Très bien',
          created_at: time,
          updated_at: time,
          contact: { type: 'contact', id: contact, external_id: null },
          teammate: { type: 'admin', id: adminId(0) },
        }
      : null,
    teammates: dice.chance(0.5)
      ? { type: 'admin.list', admins: [{ type: 'admin', id: String(adminId(0)) }] }
      : null,
    custom_attributes: {
      'Issue type': dice.pick(['Bug', 'Frage']),
      ...(dice.chance(0.3) ? { Orders: { type: 'Order.list', instances: [{ id: 1, total: 2.5 }] } } : {}),
      ...(dice.chance(0.3) ? { 'Due on': new Date(time * 1000).toISOString() } : {}),
    },
    topics: dice.chance(0.5)
      ? {}
      : { type: 'topic.list', topics: [{ type: 'topic', id: 1, name: thing(dice) }], total_count: 1 },
    ticket: null,
    linked_objects: {
      type: 'list',
      data: dice.chance(0.1) ? [{ type: 'ticket', id: String(index), category: null }] : [],
      total_count: 0,
      has_more: false,
    },
    ai_agent: dice.chance(0.2)
      ? {
          source_type: 'workflow',
          source_title: null,
          last_answer_type: 'ai_answer',
          resolution_state: 'assumed_resolution',
          rating: 4,
          rating_remark: null,
          created_at: time,
          updated_at: time,
          content_sources: { type: 'content_source.list', total_count: 0, content_sources: [] },
        }
      : null,
    ai_agent_participated: dice.chance(0.2),
    ...(dice.chance(0.3)
      ? {
          sales_agent_participated: false,
          channel: { initial: 'chat', current: 'email' },
          external_references: [{ type: 'jira', id: 'J-1' }],
        }
      : {}),
    conversation_parts: makeParts(options, index, time),
  };
}

function makeSource(dice: Dice, index: number, contact: string): Row {
  return {
    type: 'conversation',
    id: String(IDS_FROM * 2 + index),
    delivered_as: dice.pick(['customer_initiated', 'admin_initiated', 'automated']),
    subject: dice.chance(0.3) ? thing(dice) : '',
    body: sentence(dice),
    author: { type: 'user', id: contact, name: 'José', email: 'jose@example.com' },
    attachments: dice.chance(0.1)
      ? [
          {
            type: 'upload',
            name: 'ü.pdf',
            url: 'https://files.example.com/1',
            content_type: 'application/pdf',
            filesize: 3,
            width: 0,
            height: 0,
          },
        ]
      : [],
    url: dice.chance(0.5) ? 'https://example.com/help' : null,
    redacted: false,
  };
}

function makeStatistics(dice: Dice, time: number): Row {
  const some = (value: unknown) => (dice.chance(0.7) ? value : null);
  return {
    type: 'conversation_statistics',
    time_to_assignment: some(dice.below(9_000)),
    time_to_admin_reply: some(dice.below(9_000)),
    time_to_first_close: some(dice.below(9_000)),
    median_time_to_reply: some(dice.below(900)),
    first_contact_reply_at: some(time - 80_000),
    first_close_at: some(time - 10),
    last_closed_by_id: some(adminId(0)),
    count_reopens: dice.below(3),
    count_assignments: dice.below(3),
    count_conversation_parts: dice.below(30),
    assigned_team_first_response_time: dice.chance(0.2)
      ? [{ team_id: teamId(0), team_name: 'Größe', response_time: 12 }]
      : [],
    handling_time: some(dice.below(600)),
    adjusted_handling_time: null,
  };
}

function makeParts(options: SimulatorOptions, index: number, time: number): Row {
  const dice = new Dice(options.seed, 'parts', index);
  const count = Math.max(0, dice.below(options.counts.parts * 2 + 1));
  // The numbers of one conversation end before those of the next: IDs are unique in the workspace.
  const firstId = IDS_FROM * 10 + index * Math.max(1_000, options.counts.parts * 2);
  const parts = Array.from({ length: count }, (_, n) =>
    makePart(dice, String(firstId + n), time - (count - 1 - n) * 60, options.hostile),
  );
  return { type: 'conversation_part.list', conversation_parts: parts, total_count: count };
}

/** One part; `time` in epoch seconds. */
export function makePart(dice: Dice, id: string, time: number, hostile: boolean): Row {
  return {
    type: 'conversation_part',
    id: dice.chance(0.2) ? Number(id) : id,
    part_type: dice.pick(PART_TYPES),
    body: dice.chance(0.8) ? (hostile ? dice.pick(HOSTILE_TEXTS) : sentence(dice)) : null,
    created_at: time,
    updated_at: time,
    notified_at: time,
    assigned_to: dice.chance(0.2) ? { type: 'admin', id: String(adminId(0)) } : null,
    author: {
      type: dice.pick(['admin', 'user', 'bot', 'team']),
      id: String(adminId(0)),
      name: dice.chance(0.8) ? 'Chloé' : null,
      email: 'chloe@example.com',
      from_ai_agent: false,
      is_ai_answer: false,
    },
    attachments: dice.chance(0.1)
      ? [
          {
            type: 'upload',
            name: 'a.png',
            url: 'https://files.example.com/a',
            content_type: 'image/png',
            filesize: 10,
            width: 2,
            height: 2,
          },
        ]
      : [],
    external_id: null,
    redacted: false,
    ...(dice.chance(0.5) ? { state: 'open' } : {}),
    email_message_metadata: dice.chance(0.1)
      ? {
          subject: 'Re: é',
          email_address_headers: [{ type: 'from', email_address: 'a@example.com', name: null }],
          message_id: null,
        }
      : null,
    ...(dice.chance(0.3) ? { metadata: {} } : {}),
    ...(dice.chance(0.2) ? { tags: [{ type: 'tag', id: tagId(1), name: 'vip' }] } : {}),
    event_details: dice.chance(0.1)
      ? { action: { name: 'Änderung' }, value: { name: 'x', previous: null } }
      : null,
    app_package_code: null,
  };
}
