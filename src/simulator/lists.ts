/** The small tables: rows that a workspace has a handful of. */

import type { Row } from './collection.js';
import type { SimulatorOptions } from './options.js';
import { Dice } from './random.js';
import { personName, thing } from './texts.js';

const ADMIN_IDS_FROM = 991_267_500;
const TEAM_IDS_FROM = 5_017_600;
const TAG_IDS_FROM = 80;
const ATTRIBUTE_IDS_FROM = 12_000;

export function adminId(index: number): number {
  return ADMIN_IDS_FROM + index;
}

export function teamId(index: number): number {
  return TEAM_IDS_FROM + index;
}

export function tagId(index: number): string {
  return String(TAG_IDS_FROM + index);
}

export function makeAdmins({ seed, counts }: SimulatorOptions): Row[] {
  return Array.from({ length: counts.admins }, (_, index) => {
    const dice = new Dice(seed, 'admins', index);
    const teams = Array.from({ length: dice.below(3) }, () => teamId(dice.below(Math.max(1, counts.teams))));
    return {
      type: 'admin',
      id: String(adminId(index)),
      name: personName(dice),
      email: `admin${index}@example.com`,
      ...(dice.chance(0.7) ? { job_title: thing(dice) } : {}),
      away_mode_enabled: dice.chance(0.2),
      away_mode_reassign: dice.chance(0.1),
      away_status_reason_id: dice.chance(0.2) ? dice.below(9) : null,
      has_inbox_seat: dice.chance(0.9),
      team_ids: [...new Set(teams)],
      ...(dice.chance(0.5)
        ? { avatar: dice.chance(0.7) ? `https://static.example.com/${index}.png` : null }
        : {}),
      ...(dice.chance(0.5)
        ? { team_priority_level: { primary_team_ids: teams.slice(0, 1), secondary_team_ids: null } }
        : {}),
      ...(dice.chance(0.5) ? { role: { type: 'role', id: String(dice.below(4)), name: 'Support' } } : {}),
    };
  });
}

export function makeTeams({ seed, counts }: SimulatorOptions): Row[] {
  return Array.from({ length: counts.teams }, (_, index) => {
    const dice = new Dice(seed, 'teams', index);
    const admins = Array.from({ length: dice.below(4) }, () =>
      adminId(dice.below(Math.max(1, counts.admins))),
    );
    return {
      type: 'team',
      id: String(teamId(index)),
      name: `Team ${thing(dice)}`,
      admin_ids: [...new Set(admins)],
      ...(dice.chance(0.5)
        ? { assignment_limit: dice.below(20), distribution_method: 'load_balanced' }
        : { distribution_method: 'round_robin' }),
      ...(dice.chance(0.5)
        ? { admin_priority_level: { primary_admin_ids: admins.slice(0, 1), secondary_admin_ids: [] } }
        : {}),
    };
  });
}

export function makeTags({ seed, counts }: SimulatorOptions): Row[] {
  return Array.from({ length: counts.tags }, (_, index) => ({
    type: 'tag',
    id: tagId(index),
    name: `${thing(new Dice(seed, 'tags', index))} ${index}`,
  }));
}

export function makeSegments(options: SimulatorOptions, kind: 'segments' | 'companySegments'): Row[] {
  const { seed, counts, from } = options;
  return Array.from({ length: counts[kind] }, (_, index) => {
    const dice = new Dice(seed, kind, index);
    const created = from + dice.below(1_000_000);
    return {
      type: 'segment',
      id: dice.hex(24),
      name: `${thing(dice)} ${index}`,
      created_at: created,
      updated_at: Math.min(options.now(), created + dice.below(1_000_000)),
      ...(kind === 'segments' ? { person_type: dice.pick(['contact', 'user']) } : {}),
      count: dice.below(5_000),
    };
  });
}

/** A custom attribute: its name and the type of its values. */
export interface CustomAttribute {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'float' | 'boolean' | 'date';
}

const TYPES: readonly CustomAttribute['type'][] = ['string', 'integer', 'float', 'boolean', 'date'];
const NAMES = [
  'plan_tier',
  'Number of seats',
  'ärger',
  'is_active',
  'renewal-date',
  'NPS',
  'last.order',
  '利用',
];
const HOSTILE_NAMES = ['__proto__', 'constructor', 'a "quoted" one', 'new\nline'];

export function customAttributes({ counts, hostile }: SimulatorOptions): CustomAttribute[] {
  const names = hostile ? [...HOSTILE_NAMES, ...NAMES] : NAMES;
  return Array.from({ length: counts.customAttributes }, (_, index) => ({
    name: names[index] ?? `attribute_${index}`,
    type: TYPES[index % TYPES.length] ?? 'string',
  }));
}

/** Default attributes, which have no ID, and custom ones, of which one is archived. */
export function makeAttributes(options: SimulatorOptions, model: 'contact' | 'company'): Row[] {
  const defaults = ['name', 'email', 'updated_at', 'plan.name'].map((fullName) => ({
    type: 'data_attribute',
    model,
    name: fullName.split('.').at(-1),
    full_name: fullName,
    label: fullName,
    description: `The ${fullName} of a ${model}`,
    data_type: fullName.endsWith('_at') ? 'date' : 'string',
    api_writable: true,
    messenger_writable: false,
    ui_writable: true,
    custom: false,
    archived: false,
  }));
  const custom = customAttributes(options).map(({ name, type }, index) => ({
    type: 'data_attribute',
    id: ATTRIBUTE_IDS_FROM + index + (model === 'company' ? 500 : 0),
    model,
    name,
    full_name: `custom_attributes.${name}`,
    label: name,
    description: index % 3 === 0 ? null : `Our ${name} – größer`,
    data_type: type,
    ...(type === 'string' ? { options: ['basic', 'plus', 'ünlimited'] } : {}),
    api_writable: true,
    messenger_writable: index % 2 === 0,
    ui_writable: true,
    custom: true,
    archived: index === options.counts.customAttributes - 1,
    created_at: options.from + index,
    updated_at: options.from + index * 1_000,
    admin_id: String(adminId(0)),
  }));
  return [...defaults, ...custom];
}
