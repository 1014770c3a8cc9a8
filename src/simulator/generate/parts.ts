/** Parts of conversations. */

import type { Row } from '../collection.js';
import type { SimulatorOptions } from '../options.js';
import { Dice } from '../random.js';
import { HOSTILE_TEXTS, sentence, topicWord } from '../texts.js';
import { adminId, contactIds, partId, tagId, teamId } from './ids.js';
import { outlandish } from './times.js';

/** One of so many conversations has more parts than a detail shows. */
const LONG_EVERY = 1_000;
const LONG_AT = 333;

type PartOptions = Pick<SimulatorOptions, 'hostile' | 'quirks'>;

export function makeParts(options: SimulatorOptions, conversation: number, time: number): Row {
  const dice = new Dice(options.seed, 'parts', conversation);
  const long = options.quirks && options.counts.parts > 0 && conversation % LONG_EVERY === LONG_AT;
  const count = long ? 501 + dice.below(100) : dice.below(options.counts.parts * 2 + 1);
  const parts = Array.from({ length: count }, (_, n) =>
    makePart(options, dice, partId(conversation, n), time - (count - 1 - n) * 60),
  );
  return { type: 'conversation_part.list', conversation_parts: parts, total_count: count };
}

/** One part; `time` in epoch seconds. */
export function makePart(options: PartOptions, dice: Dice, id: string, time: number): Row {
  const { hostile, quirks } = options;
  const type = dice.pick(PART_TYPES);
  return {
    type: 'conversation_part',
    id: quirks && dice.chance(0.2) ? Number(id) : id,
    part_type: type,
    body: dice.chance(0.8) ? (hostile ? dice.pick(HOSTILE_TEXTS) : sentence(dice)) : null,
    created_at: time,
    updated_at: time,
    notified_at: hostile ? outlandish(time % 60) : time,
    assigned_to: dice.chance(0.2)
      ? dice.pick([
          { type: 'admin', id: String(adminId(0)) },
          { type: 'team', id: quirks ? teamId(0) : String(teamId(0)) },
          { type: 'nobody_admin', id: null },
        ])
      : null,
    author: makeAuthor(dice),
    attachments: makeAttachments(dice),
    external_id: dice.chance(0.05) ? `ext-${id}` : null,
    redacted: false,
    ...(dice.chance(0.5) ? { state: dice.pick(['open', 'closed', 'snoozed']) } : {}),
    email_message_metadata: dice.chance(0.1)
      ? {
          subject: 'Re: é',
          email_address_headers: [
            { type: 'from', email_address: 'a@example.com', name: dice.pick([null, 'Zoë']) },
          ],
          message_id: dice.pick([null, `<${id}@example.com>`]),
        }
      : null,
    ...(dice.chance(0.3) ? { metadata: makeMetadata(dice) } : {}),
    ...(dice.chance(0.2)
      ? { tags: dice.pick([[{ type: 'tag', id: tagId(1), name: 'vip' }], [], null]) }
      : {}),
    event_details: eventDetails(dice, type),
    app_package_code: dice.chance(0.05) ? 'test-integration' : null,
  };
}

const PART_TYPES = [
  'comment',
  'comment',
  'comment',
  'note',
  'assignment',
  'open',
  'close',
  'snoozed',
  'quick_reply',
  'conversation_attribute_updated_by_admin',
  'conversation_attribute_updated_by_user',
  'conversation_attribute_updated_by_workflow',
  'custom_action_started',
  'custom_action_finished',
  'operator_workflow_event',
];

/** The event of the part, in one of six shapes that depends on the type of the part. */
function eventDetails(dice: Dice, type: string): Row | null {
  const name = topicWord(dice);
  switch (type) {
    case 'conversation_attribute_updated_by_workflow':
      return { workflow: { name }, attribute: { name: 'Issue type' }, value: { name: 'Bug' } };
    case 'conversation_attribute_updated_by_admin':
    case 'conversation_attribute_updated_by_user':
      return { attribute: { name }, value: { name: 'new', previous: dice.pick(['old', null]) } };
    case 'custom_action_started':
      return { action: { name } };
    case 'custom_action_finished':
      return { action: { name, result: dice.pick(['success', 'failed']) } };
    case 'operator_workflow_event':
      return { workflow: { name }, event: { type: 'answer', result: 'Ja' } };
    default:
      return null;
  }
}

function makeMetadata(dice: Dice): Row {
  if (dice.chance(0.5)) return {};
  const uuid = '22e6a5d0-6a5b-4a52-a8f5-9a8d6a1a2b3c';
  return {
    quick_reply_options: [{ text: 'Yes', uuid, translations: dice.pick([{ fr: 'Oui' }, null]) }],
    quick_reply_uuid: uuid,
  };
}

function makeAuthor(dice: Dice): Row {
  const type = dice.pick(['admin', 'user', 'lead', 'bot', 'team']);
  const bot = type === 'bot';
  return {
    type,
    id: type === 'user' || type === 'lead' ? contactIds.idOf(dice.below(100)) : String(adminId(0)),
    name: dice.chance(0.8) ? 'Chloé' : null,
    email: 'chloe@example.com',
    ...(dice.chance(0.7) ? { from_ai_agent: bot, is_ai_answer: bot && dice.chance(0.5) } : {}),
  };
}

export function makeAttachments(dice: Dice): Row[] {
  if (!dice.chance(0.1)) return [];
  return [
    {
      type: 'upload',
      name: dice.pick(['ü.pdf', 'a.png']),
      url: 'https://files.example.com/a',
      content_type: 'image/png',
      filesize: dice.below(100_000),
      width: 2,
      height: 2,
    },
  ];
}
