/** Companies, each generated from its index. */

import type { Generator, Row } from '../collection.js';
import type { SimulatorOptions } from '../options.js';
import { Dice } from '../random.js';
import { companyName, HOSTILE_TEXTS, sentence } from '../texts.js';
import { attributeValues, type CustomAttribute, customAttributes } from './attributes.js';
import { adminId, companyIds, tagId } from './ids.js';
import { makeSegment } from './lists.js';
import { disguised, outlandish, risingTimes } from './times.js';

export function companyGenerator(options: SimulatorOptions, end: number): Generator {
  const count = options.counts.companies;
  const attributes = customAttributes(options);
  return {
    count,
    timeOf: risingTimes(options, count, end),
    ...companyIds,
    make: (index, id, time) => makeCompany(options, attributes, index, id, time),
  };
}

function makeCompany(
  options: SimulatorOptions,
  attributes: readonly CustomAttribute[],
  index: number,
  id: string,
  time: number,
): Row {
  const { hostile, quirks } = options;
  const dice = new Dice(options.seed, 'companies', index);
  return {
    type: 'company',
    id,
    name: hostile && index % 5 === 0 ? dice.pick(HOSTILE_TEXTS) : companyName(dice),
    app_id: 'simulated',
    company_id: quirks && dice.chance(0.1) ? index : `customer-${index}`,
    plan: dice.chance(0.5) ? { type: 'plan', id: String(dice.below(9)), name: 'Professional' } : {},
    remote_created_at: dice.chance(0.5) ? time - 10_000_000 : hostile ? outlandish(index) : null,
    created_at: time - 5_000_000,
    updated_at: hostile ? disguised(time, index) : time,
    ...(dice.chance(0.7) ? { last_request_at: time - dice.below(100_000), size: dice.below(500) } : {}),
    ...(dice.chance(0.5) ? { website: `https://c${index}.example.com`, industry: 'Fish & Chips' } : {}),
    monthly_spend: dice.chance(0.5) ? dice.below(100_000) : dice.below(100_000) / 4,
    session_count: quirks && dice.chance(0.1) ? String(dice.below(1_000)) : dice.below(1_000),
    user_count: dice.below(50),
    custom_attributes: attributeValues(dice, attributes, time, hostile),
    tags: { type: 'tag.list', tags: tagsOf(options, dice) },
    segments: { type: 'segment.list', segments: segmentsOf(options, dice) },
    ...(dice.chance(0.1) ? { notes: { type: 'note.list', notes: [makeNote(dice, index, id, time)] } } : {}),
  };
}

function tagsOf({ counts }: SimulatorOptions, dice: Dice): Row[] {
  const length = Math.min(counts.tags, dice.below(4));
  return Array.from({ length }, (_, n) => ({ type: 'tag', id: tagId(n), name: `tag ${n}` }));
}

function segmentsOf(options: SimulatorOptions, dice: Dice): Row[] {
  const length = Math.min(options.counts.companySegments, dice.below(3));
  return Array.from({ length }, (_, n) => makeSegment(options, 'companySegments', n));
}

function makeNote(dice: Dice, index: number, companyId: string, time: number): Row {
  return {
    type: 'note',
    id: String(index),
    created_at: time,
    company: { type: 'company', id: companyId },
    author: { type: 'admin', id: String(adminId(0)), name: 'Chloé', email: 'admin0@example.com' },
    body: sentence(dice),
  };
}
