/**
 * Fields that describe a conversation: its source, its statistics, its participating agents and its ratings.
 */

import type { Row } from '../collection.js';
import type { SimulatorOptions } from '../options.js';
import type { Dice } from '../random.js';
import { HOSTILE_TEXTS, sentence, topicWord } from '../texts.js';
import { adminId, sourceId, teamId } from './ids.js';

/** Fields that only a search that requests them returns. */
export const REVIEWS = { include_monitors: 'monitor_evaluations', include_scorecards: 'scorecards' } as const;

export function makeSource(
  options: SimulatorOptions,
  { dice, index, contact }: { readonly dice: Dice; readonly index: number; readonly contact: string },
  attachments: readonly Row[],
): Row {
  const email = dice.chance(0.2);
  const metadata = {
    message_id: dice.chance(0.8) ? `<${index}@example.com>` : null,
    subject: 'Re: é',
    email_address_headers: [{ type: 'from', email_address: 'a@example.com', name: 'Zoë' }],
    history: '<blockquote>…</blockquote>',
  };
  return {
    type: email ? 'email' : 'conversation',
    id: sourceId(index),
    delivered_as: dice.pick(['customer_initiated', 'admin_initiated', 'automated']),
    ...(email
      ? {
          recipients: [{ type: 'to', email: 'b@example.com', drop_reason: dice.pick([null, 'bounced']) }],
          reply_to: [{ email: 'c@example.com', name: dice.pick([null, 'José']) }],
          email_message_metadata: metadata,
        }
      : {}),
    subject: dice.chance(0.3) ? topicWord(dice) : '',
    body: options.hostile ? dice.pick(HOSTILE_TEXTS) : sentence(dice),
    author: { type: 'user', id: contact, name: 'José', email: 'jose@example.com' },
    attachments,
    url: dice.chance(0.5) ? 'https://example.com/help' : null,
    redacted: dice.chance(0.02),
  };
}

export function makeStatistics(dice: Dice, time: number): Row {
  const some = (value: unknown) => (dice.chance(0.7) ? value : null);
  const responses = (response: number) =>
    dice.chance(0.2) ? [{ team_id: teamId(0), team_name: 'Größe', response_time: response }] : [];
  return {
    type: 'conversation_statistics',
    time_to_assignment: some(dice.below(9_000)),
    time_to_admin_reply: some(dice.below(9_000)),
    time_to_first_close: some(dice.below(9_000)),
    time_to_last_close: some(dice.below(9_000)),
    median_time_to_reply: some(dice.below(900)),
    first_contact_reply_at: some(time - 80_000),
    first_assignment_at: some(time - 70_000),
    first_admin_reply_at: some(time - 60_000),
    first_close_at: some(time - 50_000),
    last_assignment_at: some(time - 400),
    last_assignment_admin_reply_at: some(time - 300),
    last_contact_reply_at: some(time - 200),
    last_admin_reply_at: some(time - 100),
    last_close_at: some(time - 10),
    last_closed_by_id: some(dice.chance(0.5) ? adminId(0) : String(adminId(0))),
    count_reopens: dice.below(3),
    count_assignments: dice.below(3),
    count_conversation_parts: dice.below(30),
    assigned_team_first_response_time: responses(12),
    assigned_team_first_response_time_in_office_hours: responses(10),
    handling_time: some(dice.below(600)),
    adjusted_handling_time: dice.chance(0.2) ? dice.below(600) : null,
  };
}

export function makeAgents(dice: Dice, time: number): Row {
  const participated = dice.chance(0.3);
  return {
    ai_agent_participated: participated,
    ai_agent: participated ? makeAgent(dice, time) : null,
    ...(dice.chance(0.3)
      ? {
          sales_agent_participated: dice.chance(0.5),
          sales_agent: {
            outcome: dice.pick(['qualified', 'disqualified', 'spam', null]),
            routing_outcome: dice.pick(['routed', null]),
            collected_data: dice.pick([{ 'Company size': '10', budget: { amount: 5 } }, null]),
          },
          channel: { initial: dice.pick(['chat', null]), current: 'email' },
          external_references: [{ type: 'jira', id: 'J-1' }],
        }
      : {}),
  };
}

function makeAgent(dice: Dice, time: number): Row {
  const source = {
    content_type: dice.pick(['article', 'file', 'external_content']),
    url: 'https://help.example.com/1',
    title: topicWord(dice),
    locale: 'en',
  };
  const sources = dice.chance(0.5) ? [source] : [];
  return {
    source_type: 'workflow',
    source_title: dice.chance(0.5) ? 'Empfang' : null,
    last_answer_type: dice.pick(['ai_answer', 'custom_answer', null]),
    resolution_state: dice.pick(['assumed_resolution', 'confirmed_resolution', 'escalated', null]),
    rating: dice.chance(0.5) ? 1 + dice.below(5) : null,
    rating_remark: dice.chance(0.3) ? 'Schön!' : null,
    created_at: time - 50,
    updated_at: time,
    content_sources: {
      type: 'content_source.list',
      total_count: sources.length,
      content_sources: sources,
    },
  };
}

export function makeReviews(dice: Dice, time: number): Row {
  if (!dice.chance(0.1)) return {};
  return {
    monitor_evaluations: [
      {
        monitor_id: 'm1',
        monitor_name: 'Höflichkeit',
        monitor_type: 'tone',
        result: 'passed',
        explanation: dice.pick(['clear', null]),
        evaluated_at: time,
      },
    ],
    scorecards: [makeScorecard(dice, time)],
  };
}

function makeScorecard(dice: Dice, time: number): Row {
  const result = { value: 'yes', source: 'ai', reasoning: 'clear', reason_ids: ['r1'], other_text: 'none' };
  return {
    scorecard_id: 's1',
    scorecard_version_id: 'v1',
    name: 'Quality',
    scorecard_type: 'manual',
    passed: dice.chance(0.5),
    score: dice.below(100) / 2,
    ai_score: 7.5,
    evaluated_at: time,
    reviewed_teammate: { type: 'admin', admin_id: String(adminId(0)) },
    evaluators: [{ evaluator_id: 'e1', result: dice.chance(0.8) ? result : null }],
  };
}
