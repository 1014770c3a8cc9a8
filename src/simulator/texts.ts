/** Words for generated rows, and texts of careless and hostile writers. */

import type { Dice } from './random.js';

const FIRST = [
  'Ada',
  'Bjørn',
  'Chloé',
  'Đorđe',
  'Ewa',
  'Farid',
  'Grace',
  'Haruki',
  'Ítalo',
  'José',
  '健太',
  'Мария',
  'نور',
  'Zoë',
];
const LAST = [
  "O'Brien",
  'Müller',
  'García',
  'Sørensen',
  '田中',
  'Nguyễn',
  'Иванова',
  'de la Cruz',
  'Smith',
  'Ångström',
];
const TOPICS = [
  'invoice',
  'login',
  'export',
  'webhook',
  'refund',
  'upgrade',
  'Größe',
  'café',
  '設定',
  '🚀 launch',
  'naïve "quotes"',
];
export const CITIES = ['Dublin', 'San Francisco', 'São Paulo', 'Zürich', '東京', 'Kraków', 'Sydney'];
export const COUNTRIES = [
  'Ireland',
  'United States',
  'Brazil',
  'Switzerland',
  'Japan',
  'Poland',
  'Australia',
];

/** What may stand in any text without doing harm. */
export const HOSTILE_TEXTS = [
  '__proto__',
  'constructor',
  'line\u2028separator\u2029',
  'bell\u0007, escape\u001b[31m and zero\u0000',
  'lone \ud800 surrogate',
  '\udfff first and last \ud83d',
  '\ufeffmark and \u202eoverride',
  '"}],"x":{"',
  '\\" \\u0041',
  '<script>alert(1)</script>',
  `${'long '.repeat(2_000)}end`,
] as const;

export function personName(dice: Dice): string {
  return `${dice.pick(FIRST)} ${dice.pick(LAST)}`;
}

export function companyName(dice: Dice): string {
  return `${dice.pick(LAST)} ${dice.pick(['& Söhne', 'Ltd', 'GmbH', '株式会社', 'S.A.', 'Labs'])}`;
}

export function sentence(dice: Dice): string {
  return `<p>About the ${dice.pick(TOPICS)}: ${dice.pick(['please look', 'it works &amp; shines', 'não funciona', '動きません 😀'])}, ${dice.below(1_000)}.</p>`;
}

export function topicWord(dice: Dice): string {
  return dice.pick(TOPICS);
}
