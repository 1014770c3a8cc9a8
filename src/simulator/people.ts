/** Contacts and companies, each made from its index. */

import type { Generator, Row } from './collection.js';
import { adminId, type CustomAttribute, customAttributes, tagId } from './lists.js';
import type { SimulatorOptions } from './options.js';
import { Dice } from './random.js';
import { CITIES, COUNTRIES, companyName, HOSTILE_TEXTS, personName, sentence } from './texts.js';

/** Epoch seconds of a generated row: rising with the index, with seconds that many rows share. */
export function timeOf(options: SimulatorOptions, count: number, end: number): (index: number) => number {
  const span = Math.max(1, end - options.from);
  return (index) => options.from + Math.floor(((index - (index % 3)) * span) / Math.max(1, count));
}

/** IDs of 24 hexadecimal digits from which the index can be read back. */
export function hexIds(prefix: string, count: number) {
  return {
    idOf: (index: number) => `${prefix}${index.toString(16).padStart(24 - prefix.length, '0')}`,
    indexOf: (id: string) => {
      const index =
        id.startsWith(prefix) && id.length === 24 ? Number.parseInt(id.slice(prefix.length), 16) : Number.NaN;
      return index < count ? index : undefined;
    },
  };
}

export function contactGenerator(options: SimulatorOptions, end: number): Generator {
  const count = options.counts.contacts;
  const times = timeOf(options, count, end);
  const ids = hexIds('6762f0', count);
  const companies = hexIds('6762f1', options.counts.companies);
  const attributes = customAttributes(options);
  return {
    count,
    timeOf: times,
    ...ids,
    make: (index) =>
      makeContact(options, {
        index,
        id: ids.idOf(index),
        time: times(index),
        attributes,
        companyId: companies.idOf,
      }),
  };
}

interface ContactSeed {
  readonly index: number;
  readonly id: string;
  readonly time: number;
  readonly attributes: readonly CustomAttribute[];
  readonly companyId: (index: number) => string;
}

function makeContact(
  options: SimulatorOptions,
  { index, id, time, attributes, companyId }: ContactSeed,
): Row {
  const dice = new Dice(options.seed, 'contacts', index);
  const isLead = dice.chance(0.2);
  const { tags, companies } = options.counts;
  const city = dice.below(CITIES.length);
  const earlier = () => (dice.chance(0.5) ? time - dice.below(1_000_000) : null);
  const many = index % 97 === 13;
  return {
    type: 'contact',
    id,
    workspace_id: 'simulated',
    external_id: isLead ? null : String(70 + index),
    role: isLead ? 'lead' : 'user',
    email: isLead && dice.chance(0.5) ? null : `person${index}@example.com`,
    ...(isLead ? {} : { email_domain: 'example.com' }),
    phone: dice.chance(0.3) ? `+353${dice.below(1e9)}` : null,
    name:
      options.hostile && index % 7 === 0
        ? HOSTILE_TEXTS[(index / 7) % HOSTILE_TEXTS.length]
        : personName(dice),
    avatar: dice.chance(0.3)
      ? { type: 'avatar', image_url: `https://static.example.com/c${index}.png` }
      : null,
    owner_id: dice.chance(0.3) ? (dice.chance(0.5) ? String(adminId(0)) : adminId(0)) : null,
    social_profiles: {
      type: 'list',
      data: dice.chance(0.2)
        ? [{ type: 'social_profile', name: 'Twitter', url: 'https://twitter.example.com/x' }]
        : [],
    },
    has_hard_bounced: dice.chance(0.05),
    marked_email_as_spam: false,
    unsubscribed_from_emails: dice.chance(0.1),
    created_at: time - dice.below(10_000_000),
    updated_at: options.hostile ? disguised(time, index) : time,
    signed_up_at: earlier(),
    last_seen_at: earlier(),
    last_replied_at: earlier(),
    last_contacted_at: earlier(),
    last_email_opened_at: earlier(),
    last_email_clicked_at: dice.chance(0.1) ? 0 : null,
    language_override: null,
    browser: dice.chance(0.5) ? 'chrome' : null,
    browser_version: dice.chance(0.5) ? '77.0.3865.90' : null,
    browser_language: 'en',
    os: dice.chance(0.5) ? 'OS X 10.14.6' : null,
    location: {
      type: 'location',
      country: COUNTRIES[city],
      region: null,
      city: CITIES[city],
      country_code: 'IRL',
      continent_code: 'EU',
    },
    android_app_name: null,
    android_last_seen_at: null,
    ios_app_name: dice.chance(0.1) ? 'Intercom' : null,
    ios_last_seen_at: dice.chance(0.1) ? time : null,
    custom_attributes: attributeValues(dice, attributes, time),
    tags: sublist(id, 'tags', 'tag', many ? Math.min(tags, 25) : dice.below(3), (n) =>
      tagId((index + n) % Math.max(1, tags)),
    ),
    notes: sublist(id, 'notes', 'note', many ? 12 : dice.below(2), (n) => String(index * 100 + n)),
    companies: sublist(
      id,
      'companies',
      'company',
      companies === 0 ? 0 : many ? Math.min(companies, 60) : dice.below(3),
      (n) => companyId((index + n) % companies),
    ),
    opted_out_subscription_types: sublist(
      id,
      'subscriptions',
      'subscription',
      many ? 11 : dice.below(2),
      (n) => String(90 + n),
    ),
    opted_in_subscription_types: sublist(
      id,
      'subscriptions',
      'subscription',
      many ? 12 : dice.below(2),
      (n) => String(190 + n),
    ),
    utm_campaign: null,
    utm_source: dice.chance(0.2) ? 'newsletter' : null,
    referrer: dice.chance(0.2) ? 'https://example.org/?q=ü' : null,
    sms_consent: dice.chance(0.1),
    unsubscribed_from_sms: false,
    enabled_push_messaging: null,
  };
}

/** The same time as other versions and other writers send it. */
function disguised(time: number, index: number): unknown {
  switch (index % 5) {
    case 0:
      return time * 1000;
    case 1:
      return new Date(time * 1000).toISOString();
    case 2:
      return String(time);
    default:
      return time;
  }
}

/** A list inside a contact, whole; it is cut when it is sent. */
function sublist(
  contactId: string,
  path: string,
  type: string,
  length: number,
  idOf: (n: number) => string,
): Row {
  const ids = [...new Set(Array.from({ length }, (_, n) => idOf(n)))];
  const own = path === 'subscriptions' ? '/subscriptions' : `/${path}`;
  const data = ids.map((id) => ({ id, type, url: `${own}/${id}` }));
  return {
    type: 'list',
    data,
    url: `/contacts/${contactId}/${path}`,
    total_count: data.length,
    has_more: false,
  };
}

function attributeValues(dice: Dice, attributes: readonly CustomAttribute[], time: number): Row {
  const values: [string, unknown][] = [];
  for (const { name, type } of attributes)
    if (dice.chance(0.7)) values.push([name, attributeValue(dice, type, time)]);
  return Object.fromEntries(values);
}

function attributeValue(dice: Dice, type: CustomAttribute['type'], time: number): unknown {
  if (dice.chance(0.1)) return null;
  switch (type) {
    case 'integer':
      return dice.below(1_000_000) - 1_000;
    case 'float':
      return dice.below(1_000_000) / 128;
    case 'boolean':
      return dice.chance(0.5);
    case 'date':
      return time - dice.below(100_000);
    default:
      return dice.pick(['basic', 'plus', 'ünlimited', '']);
  }
}

export function companyGenerator(options: SimulatorOptions, end: number): Generator {
  const count = options.counts.companies;
  const times = timeOf(options, count, end);
  const ids = hexIds('6762f1', count);
  const attributes = customAttributes(options);
  return {
    count,
    timeOf: times,
    ...ids,
    make: (index) => makeCompany(options, index, ids.idOf(index), times(index), attributes),
  };
}

function makeCompany(
  options: SimulatorOptions,
  index: number,
  id: string,
  time: number,
  attributes: readonly CustomAttribute[],
): Row {
  const dice = new Dice(options.seed, 'companies', index);
  const tag = (n: number) => ({ type: 'tag', id: tagId(n), name: `tag ${n}` });
  return {
    type: 'company',
    id,
    name: companyName(dice),
    app_id: 'simulated',
    company_id: dice.chance(0.9) ? `customer-${index}` : index,
    plan: dice.chance(0.5) ? { type: 'plan', id: String(dice.below(9)), name: 'Professional' } : {},
    remote_created_at: dice.chance(0.5) ? time - 10_000_000 : null,
    created_at: time - 5_000_000,
    updated_at: time,
    ...(dice.chance(0.5) ? { last_request_at: time - dice.below(100_000), size: dice.below(500) } : {}),
    ...(dice.chance(0.5) ? { website: `https://c${index}.example.com`, industry: 'Fish & Chips' } : {}),
    monthly_spend: dice.chance(0.5) ? dice.below(100_000) : dice.below(100_000) / 4,
    session_count: dice.below(1_000),
    user_count: dice.below(50),
    custom_attributes: attributeValues(dice, attributes, time),
    tags: { type: 'tag.list', tags: Array.from({ length: dice.below(4) }, (_, n) => tag(n)) },
    segments: {
      type: 'segment.list',
      segments: Array.from({ length: dice.below(2) }, (_, n) => ({
        type: 'segment',
        id: `seg${n}`,
        name: 'Active',
        created_at: time,
        updated_at: time,
        person_type: 'user',
      })),
    },
    ...(dice.chance(0.1)
      ? {
          notes: {
            type: 'note.list',
            notes: [
              {
                type: 'note',
                id: String(index),
                created_at: time,
                body: sentence(dice),
                author: { type: 'admin', id: String(adminId(0)) },
              },
            ],
          },
        }
      : {}),
  };
}
