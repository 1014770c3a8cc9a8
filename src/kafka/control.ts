/** The control topic: what operators request of tables, one JSON object per connection and table. */

import { type Control, parseControl } from '../model/control.js';
import type { TopicSettings } from '../model/kafka.js';
import type { OutgoingRecord } from '../model/row.js';
import { controlTopic } from '../model/topic-names.js';
import type { Positions, TopicReader, TopicRecord } from './reader.js';
import { stateKey } from './states.js';
import { planTopic, type TopicPlan } from './topics.js';

/** A control with the table that it is about. */
export interface TableControl {
  readonly connection: string;
  readonly table: string;
  /** `newer`: a newer version wrote it. */
  readonly control: Control | 'newer';
}

/** What reads the topic. */
export type ControlReader = Pick<TopicReader, 'read'>;

/** The newest of each table, by `{connection}/{table}`. */
export type NewestControls = ReadonlyMap<string, TableControl>;

/** Compacted, in one partition: requests are few, and their order is that of the log. More are left empty. */
export function planControl(settings: TopicSettings): TopicPlan {
  const plan = planTopic(controlTopic(settings.prefix), { ...settings, partitions: 1 });
  return { ...plan, hasAnyPartitions: true };
}

/** The newest control of each table, and where a reading of what follows begins. */
export async function readControls(
  reader: ControlReader,
  topic: string,
  signal?: AbortSignal,
): Promise<{ readonly controls: NewestControls; readonly end: Positions }> {
  const controls = new Map<string, TableControl>();
  let end: Positions = new Map();
  const onEnd = (positions: Positions) => {
    end = positions;
  };
  for await (const records of reader.read(topic, { from: 'earliest', until: 'written', signal, onEnd }))
    for (const [key, control] of newestOf(records)) controls.set(key, control);
  return { controls, end };
}

/** The controls from a position on, as they are written, until the signal aborts: the newest of each batch. */
export async function* followControls(
  reader: ControlReader,
  topic: string,
  from: Positions,
  signal: AbortSignal,
): AsyncGenerator<NewestControls> {
  for await (const records of reader.read(topic, { from, until: 'never', signal })) yield newestOf(records);
}

function newestOf(records: readonly TopicRecord[]): NewestControls {
  return new Map(records.flatMap(controlIn).map((each) => [stateKey(each.connection, each.table), each]));
}

function controlIn({ key, value }: TopicRecord): TableControl[] {
  const [connection = '', table = ''] = (key?.toString('utf8') ?? '').split('/');
  const control = value === null ? null : parseControl(value.toString('utf8'));
  return control === null || table === '' ? [] : [{ connection, table, control }];
}

/** The record of a control. */
export function controlRecord(
  topic: string,
  connection: string,
  table: string,
  control: Control,
): OutgoingRecord {
  const value = Buffer.from(JSON.stringify(control));
  return { topic, key: Buffer.from(stateKey(connection, table)), value, partition: 0 };
}
