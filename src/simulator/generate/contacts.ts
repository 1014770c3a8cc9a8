/** Contacts, each generated from its index. */

import type { Generator, Row } from '../collection.js';
import type { SimulatorOptions } from '../options.js';
import { Dice } from '../random.js';
import { CITIES, COUNTRIES, HOSTILE_TEXTS, personName } from '../texts.js';
import { attributeValues, type CustomAttribute, customAttributes } from './attributes.js';
import { adminId, companyIds, contactIds, tagId } from './ids.js';
import { disguised, outlandish, risingTimes } from './times.js';

interface ContactSeed {
  readonly dice: Dice;
  readonly index: number;
  readonly id: string;
  /** Epoch seconds of its `updated_at`. */
  readonly time: number;
}

export function contactGenerator(options: SimulatorOptions, end: number): Generator {
  const count = options.counts.contacts;
  const attributes = customAttributes(options);
  return {
    count,
    timeOf: risingTimes(options, count, end),
    ...contactIds,
    make: (index, id, time) => makeContact(options, attributes, index, id, time),
  };
}

function makeContact(
  options: SimulatorOptions,
  attributes: readonly CustomAttribute[],
  index: number,
  id: string,
  time: number,
): Row {
  const dice = new Dice(options.seed, 'contacts', index);
  const seed = { dice, index, id, time };
  const who = identity(options, seed);
  return {
    type: 'contact',
    id,
    workspace_id: 'simulated',
    ...who,
    ...activity(options, seed),
    ...device(seed),
    custom_attributes: attributeValues(dice, attributes, time, options.hostile),
    ...sublists(options, seed),
    ...consent(seed),
    ...merges(seed, who.role),
  };
}

function identity(options: SimulatorOptions, { dice, index }: ContactSeed): Row {
  const isLead = dice.chance(0.2);
  const owner = adminId(dice.below(Math.max(1, options.counts.admins)));
  const hostile = options.hostile && index % 7 === 0;
  const city = dice.below(CITIES.length);
  return {
    external_id: isLead ? null : String(70 + index),
    role: isLead ? 'lead' : 'user',
    email: isLead && dice.chance(0.5) ? null : `person${index}@example.com`,
    ...(isLead && options.quirks ? {} : { email_domain: 'example.com' }),
    phone: dice.chance(0.3) ? `+353${dice.below(1e9)}` : null,
    ...(dice.chance(0.1) ? { formatted_phone: '+353 1 234 5678' } : {}),
    name: hostile
      ? HOSTILE_TEXTS[(index / 7) % HOSTILE_TEXTS.length]
      : dice.chance(0.95)
        ? personName(dice)
        : null,
    avatar: dice.chance(0.3)
      ? { type: 'avatar', image_url: `https://static.example.com/c${index}.png` }
      : null,
    owner_id: dice.chance(0.3) ? (options.quirks && dice.chance(0.3) ? owner : String(owner)) : null,
    social_profiles: {
      type: 'list',
      data: dice.chance(0.2)
        ? [{ type: 'social_profile', name: 'Twitter', url: 'https://twitter.example.com/x' }]
        : [],
    },
    location: {
      type: 'location',
      country: COUNTRIES[city],
      region: dice.chance(0.5) ? 'Leinster' : null,
      city: CITIES[city],
      country_code: 'IRL',
      continent_code: 'EU',
    },
  };
}

function activity(options: SimulatorOptions, { dice, index, time }: ContactSeed): Row {
  const earlier = () => (dice.chance(0.5) ? time - dice.below(1_000_000) : null);
  return {
    has_hard_bounced: dice.chance(0.05),
    marked_email_as_spam: dice.chance(0.01),
    unsubscribed_from_emails: dice.chance(0.1),
    created_at: time - dice.below(10_000_000),
    updated_at: options.hostile ? disguised(time, index) : time,
    signed_up_at: options.hostile ? outlandish(index) : earlier(),
    last_seen_at: earlier(),
    last_replied_at: earlier(),
    last_contacted_at: earlier(),
    last_email_opened_at: earlier(),
    last_email_clicked_at: dice.chance(0.2) ? (options.quirks ? 0 : time) : earlier(),
    language_override: dice.chance(0.1) ? 'pt-BR' : null,
  };
}

function device({ dice, time }: ContactSeed): Row {
  const browser = dice.chance(0.5);
  const android = dice.chance(0.15);
  const ios = dice.chance(0.15);
  return {
    browser: browser ? 'chrome' : null,
    browser_version: browser ? '77.0.3865.90' : null,
    browser_language: browser ? 'en' : null,
    os: browser ? 'OS X 10.14.6' : null,
    android_app_name: android ? 'Café' : null,
    android_app_version: android ? '5.0.0' : null,
    android_device: android ? 'Pixel 3' : null,
    android_os_version: android ? '10' : null,
    android_sdk_version: android ? '28' : null,
    android_last_seen_at: android ? time - 5 : null,
    ios_app_name: ios ? 'Intercom' : null,
    ios_app_version: ios ? '5.0.0' : null,
    ios_device: ios ? 'iPhone 11' : null,
    ios_os_version: ios ? '13.3.1' : null,
    ios_sdk_version: ios ? '6.0.1' : null,
    ios_last_seen_at: ios ? time - 6 : null,
  };
}

/**
 * The complete lists inside a contact; they are cut when they are sent. Every 97th contact has more than ten
 * entries in them.
 */
function sublists({ counts, quirks }: SimulatorOptions, { dice, index, id }: ContactSeed): Row {
  const many = index % 97 === 13;
  const some = (most: number, full: number) => (many ? full : dice.below(most));
  const noTags = quirks && dice.chance(0.02);
  const tags = some(3, 25);
  const notes = some(2, 12);
  const companies = counts.companies === 0 ? 0 : some(3, 60);
  const tagAt = (n: number) => tagId((index + n) % Math.max(1, counts.tags));
  return {
    tags: noTags ? null : listOf(id, 'tags', 'tag', counts.tags === 0 ? 0 : tags, tagAt),
    notes: listOf(id, 'notes', 'note', notes, (n) => String(index * 100 + n)),
    companies: listOf(id, 'companies', 'company', companies, (n) =>
      companyIds.idOf((index + n) % counts.companies),
    ),
    opted_out_subscription_types: subscriptions(id, some(2, 11), 90),
    opted_in_subscription_types: subscriptions(id, some(2, 12), 190),
  };
}

function subscriptions(contactId: string, length: number, from: number): Row {
  return listOf(contactId, 'subscriptions', 'subscription', length, (n) => String(from + n));
}

/** A list inside a contact: its entries by their addresses. */
export function listOf(
  contactId: string,
  path: string,
  type: string,
  length: number,
  idOf: (n: number) => string,
): Row {
  const ids = [...new Set(Array.from({ length }, (_, n) => idOf(n)))];
  const data = ids.map((id) => ({ id, type, url: `/${path}/${id}` }));
  return {
    type: 'list',
    data,
    url: `/contacts/${contactId}/${path}`,
    total_count: data.length,
    has_more: false,
  };
}

function consent({ dice }: ContactSeed): Row {
  return {
    utm_campaign: dice.chance(0.1) ? 'Frühling' : null,
    utm_content: dice.chance(0.1) ? 'banner' : null,
    utm_medium: dice.chance(0.1) ? 'email' : null,
    utm_source: dice.chance(0.2) ? 'newsletter' : null,
    utm_term: dice.chance(0.1) ? 'support' : null,
    referrer: dice.chance(0.2) ? 'https://example.org/?q=ü' : null,
    sms_consent: dice.chance(0.1),
    unsubscribed_from_sms: dice.chance(0.1),
    enabled_push_messaging: dice.chance(0.3) ? dice.chance(0.5) : null,
  };
}

/** Contacts that were merged into this one before; returned only on request. */
function merges({ dice, index, time }: ContactSeed, role: unknown): Row {
  if (role !== 'user' || !dice.chance(0.03)) return {};
  const merge = {
    type: 'merge_history',
    source_contact_id: `5ba682${index.toString(16).padStart(18, '0')}`,
    source_contact_role: dice.pick(['lead', 'user']),
    merged_at: dice.chance(0.8) ? time - 3_600 : null,
  };
  return { merge_history: [merge] };
}
