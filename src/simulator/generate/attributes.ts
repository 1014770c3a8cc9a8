/** Custom attributes: their definitions, and the values that rows have under them. */

import type { Row } from '../collection.js';
import type { SimulatorOptions } from '../options.js';
import type { Dice } from '../random.js';
import { HOSTILE_TEXTS } from '../texts.js';
import { adminId } from './ids.js';

/** A custom attribute: its name and the type of its values. */
export interface CustomAttribute {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'float' | 'boolean' | 'date';
}

export type Model = 'contact' | 'company';

const ATTRIBUTE_IDS_FROM = { contact: 12_000, company: 22_000 };
const TYPES: readonly CustomAttribute['type'][] = ['string', 'integer', 'float', 'boolean', 'date'];
const OPTIONS = ['basic', 'plus', 'ünlimited'];
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
const HOSTILE_NAMES = ['__proto__', 'constructor', 'a "quoted" one', 'new\nline', ''];
/** Texts that are equal once they are encoded as UTF-8. Used only when many attributes are configured. */
const BROKEN_NAMES = ['lone \udc00', 'lone \udc01'];
/** Attributes that every workspace has; those of plans share their names with others. */
const DEFAULTS: Readonly<Record<Model, readonly string[]>> = {
  contact: ['id', 'name', 'email', 'phone', 'updated_at', 'last_seen_at', 'location.country'],
  company: ['id', 'company_id', 'name', 'plan.id', 'plan.name', 'monthly_spend', 'user_count', 'updated_at'],
};

function defaultType(fullName: string): CustomAttribute['type'] {
  if (fullName.endsWith('_at')) return 'date';
  if (fullName === 'monthly_spend') return 'float';
  return fullName === 'user_count' ? 'integer' : 'string';
}

export function customAttributes({ counts, hostile }: SimulatorOptions): CustomAttribute[] {
  const names = hostile ? [...HOSTILE_NAMES, ...NAMES, ...BROKEN_NAMES] : NAMES;
  return Array.from({ length: counts.customAttributes }, (_, index) => ({
    name: names[index] ?? `attribute_${index}`,
    type: TYPES[index % TYPES.length] ?? 'string',
  }));
}

/** Default attributes, which have no ID, and custom ones, of which the last is archived. */
export function makeAttributes(options: SimulatorOptions, model: Model): Row[] {
  const defaults = DEFAULTS[model].map((fullName) => ({
    type: 'data_attribute',
    model,
    name: fullName.split('.').at(-1),
    full_name: fullName,
    label: fullName,
    description: `The ${fullName} of a ${model}`,
    data_type: defaultType(fullName),
    api_writable: fullName !== 'updated_at',
    messenger_writable: false,
    ui_writable: true,
    custom: false,
    archived: false,
  }));
  const custom = customAttributes(options).map((attribute, index) =>
    makeCustomAttribute(options, model, index, attribute),
  );
  return [...defaults, ...custom];
}

export function makeCustomAttribute(
  options: SimulatorOptions,
  model: Model,
  index: number,
  { name, type }: CustomAttribute,
): Row {
  return {
    type: 'data_attribute',
    id: ATTRIBUTE_IDS_FROM[model] + index,
    model,
    name,
    full_name: `custom_attributes.${name}`,
    label: name,
    ...(index % 4 === 1 ? {} : { description: index % 3 === 0 ? null : `Our ${name} – größer` }),
    data_type: type,
    ...(type === 'string' ? { options: OPTIONS } : {}),
    api_writable: true,
    messenger_writable: index % 2 === 0,
    ui_writable: true,
    custom: true,
    archived: options.counts.customAttributes > 1 && index === options.counts.customAttributes - 1,
    created_at: options.from + index,
    updated_at: options.from + index * 1_000,
    admin_id: String(adminId(0)),
  };
}

/** Attributes of conversations, which only versions before 2.16 list with the others. */
export function conversationAttributes(options: SimulatorOptions): Row[] {
  return ['Issue type', 'Orders', 'Due on'].map((name, index) => ({
    type: 'conversation_attribute',
    id: 32_000 + index,
    name,
    description: null,
    data_type: ['list', 'relationship', 'datetime'][index],
    archived: index === 2,
    created_at: options.from,
    updated_at: options.from,
  }));
}

/** Values under most of the attributes; a name like `__proto__` is a key like any other. */
export function attributeValues(
  dice: Dice,
  attributes: readonly CustomAttribute[],
  time: number,
  hostile: boolean,
): Row {
  const values: [string, unknown][] = [];
  for (const { name, type } of attributes)
    if (dice.chance(0.7)) values.push([name, attributeValue(dice, type, time, hostile)]);
  return Object.fromEntries(values);
}

function attributeValue(dice: Dice, type: CustomAttribute['type'], time: number, hostile: boolean): unknown {
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
      return hostile ? dice.pick(HOSTILE_TEXTS) : dice.pick([...OPTIONS, '']);
  }
}
