/** Conversations, each generated from its index. */

import type { Generator, Row } from '../collection.js';
import type { SimulatorOptions } from '../options.js';
import { Dice } from '../random.js';
import { topicWord } from '../texts.js';
import { companyGenerator } from './companies.js';
import { adminId, contactIds, conversationIds, tagId, teamId } from './ids.js';
import { makeAttachments, makeParts } from './parts.js';
import { makeAgents, makeReviews, makeSource, makeStatistics } from './reports.js';
import { disguised, outlandish, risingTimes } from './times.js';

export function conversationGenerator(options: SimulatorOptions, end: number): Generator {
  const count = options.counts.conversations;
  const companies = companyGenerator(options, end);
  return {
    count,
    timeOf: risingTimes(options, count, end),
    ...conversationIds,
    make: (index, id, time) => makeConversation(options, companies, index, id, time),
  };
}

interface ConversationSeed {
  readonly dice: Dice;
  readonly index: number;
  /** Epoch seconds of its `updated_at`. */
  readonly time: number;
  readonly contact: string;
}

/** A conversation with all its parts, however many they are. */
function makeConversation(
  options: SimulatorOptions,
  companies: Generator,
  index: number,
  id: string,
  time: number,
): Row {
  const dice = new Dice(options.seed, 'conversations', index);
  const contact = contactIds.idOf(dice.below(Math.max(1, options.counts.contacts)));
  const seed = { dice, index, time, contact };
  return {
    type: 'conversation',
    id,
    title: dice.chance(0.3) ? topicWord(dice) : null,
    created_at: time - 90_000,
    updated_at: options.hostile ? disguised(time, index) : time,
    waiting_since: dice.chance(0.3) ? time - 60 : options.hostile ? outlandish(index) : null,
    snoozed_until: dice.chance(0.1) ? time + 86_400 : null,
    source: options.quirks && dice.chance(0.05) ? null : makeSource(options, seed, makeAttachments(dice)),
    ...people(options, seed),
    ...companyOf(companies, seed),
    ...standing(options, seed),
    statistics: dice.chance(0.8) ? makeStatistics(dice, time) : null,
    custom_attributes: customValues(seed),
    ...links(seed),
    ...makeAgents(dice, time),
    ...makeReviews(dice, time),
    conversation_parts: makeParts(options, index, time),
  };
}

function people(options: SimulatorOptions, { dice, time, contact }: ConversationSeed): Row {
  const { counts, quirks } = options;
  const reference = { type: 'admin', id: String(adminId(0)) };
  const teammates = quirks ? { admins: [reference] } : { teammates: [reference] };
  const both = quirks && dice.chance(0.2) ? { teammates: [reference] } : teammates;
  return {
    contacts: {
      type: 'contact.list',
      contacts: [{ type: 'contact', id: contact, external_id: dice.chance(0.5) ? '70' : null }],
    },
    first_contact_reply: dice.chance(0.5)
      ? {
          created_at: time - 80_000,
          type: 'conversation',
          url: dice.chance(0.5) ? 'https://example.com/a' : null,
        }
      : null,
    admin_assignee_id: dice.chance(0.4) ? 0 : adminId(dice.below(Math.max(1, counts.admins))),
    team_assignee_id: dice.chance(0.6) ? 0 : teamId(dice.below(Math.max(1, counts.teams))),
    teammates: dice.chance(0.5) ? { type: 'admin.list', ...both } : null,
  };
}

/** The whole company, as it was when the conversation was created. */
function companyOf(companies: Generator, { dice }: ConversationSeed): Row {
  if (companies.count === 0 || !dice.chance(0.2)) return {};
  const index = dice.below(companies.count);
  return {
    company: dice.chance(0.1) ? null : companies.make(index, companies.idOf(index), companies.timeOf(index)),
  };
}

function standing(options: SimulatorOptions, { dice, time, contact }: ConversationSeed): Row {
  const tag = {
    type: 'tag',
    id: tagId(1),
    name: 'Größe',
    applied_at: time,
    applied_by: { type: 'admin', id: String(adminId(0)) },
  };
  const sla = () => dice.pick(['hit', 'missed', 'active', null]);
  const teammate = { type: 'admin', id: options.quirks ? adminId(0) : String(adminId(0)) };
  return {
    open: dice.chance(0.5),
    state: dice.pick(['open', 'closed', 'snoozed']),
    read: dice.chance(0.5),
    tags: { type: 'tag.list', tags: dice.chance(0.3) && options.counts.tags > 1 ? [tag] : [] },
    priority: dice.pick(['none', 'low', 'medium', 'high', 'urgent']),
    sla_applied: dice.chance(0.2)
      ? { type: 'conversation_sla_summary', sla_name: 'gold', sla_status: sla() }
      : null,
    conversation_rating: dice.chance(0.2)
      ? {
          rating: dice.chance(0.7) ? 1 + dice.below(5) : null,
          remark: 'Très bien',
          created_at: time,
          updated_at: time,
          contact: { type: 'contact', id: contact, external_id: dice.chance(0.5) ? '70' : null },
          teammate,
        }
      : null,
  };
}

/** Values of every type that attributes of conversations have, under names with spaces. */
function customValues({ dice, time }: ConversationSeed): Row {
  return {
    'Issue type': dice.pick(['Bug', 'Frage']),
    ...(dice.chance(0.3)
      ? { Orders: { type: 'Order.list', instances: [{ id: 1, external_id: 'o-1', total: 2.5 }] } }
      : {}),
    ...(dice.chance(0.3) ? { 'Due on': new Date(time * 1000).toISOString() } : {}),
    ...(dice.chance(0.2) ? { 'Is escalated': dice.chance(0.5), Score: dice.below(100) / 8 } : {}),
    ...(dice.chance(0.1) ? { 'Last seen': time } : {}),
  };
}

function links({ dice, index }: ConversationSeed): Row {
  const linked = dice.chance(0.1)
    ? [
        {
          type: dice.pick(['ticket', 'conversation']),
          id: String(index),
          category: dice.pick(['Customer', 'Back-office', 'Tracker', null]),
        },
      ]
    : [];
  return {
    topics: dice.chance(0.5)
      ? {}
      : { type: 'topic.list', topics: [{ type: 'topic', id: 1, name: topicWord(dice) }], total_count: 1 },
    ticket: dice.chance(0.05) ? { type: 'ticket', id: String(index), url: 'https://example.com/t' } : null,
    linked_objects: { type: 'list', data: linked, total_count: linked.length, has_more: false },
  };
}
