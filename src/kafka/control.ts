/** The control topic: what operators request of tables, one JSON object per connection and table. */

import type { Kafka } from 'kafkajs';
import { type Control, parseControl } from '../model/control.js';
import type { TopicSettings } from '../model/kafka.js';
import { controlTopic } from '../model/topic-names.js';
import { kafkaFailure } from './client.js';
import type { TopicReader, TopicRecord } from './reader.js';
import { stateKey } from './states.js';
import { planTopic, type TopicPlan } from './topics.js';

/** A control with the table that it is about. */
export interface TableControl {
  readonly connection: string;
  readonly table: string;
  readonly control: Control;
}

/** Compacted, in one partition: requests are few, and their order is that of the log. */
export function planControl(settings: TopicSettings): TopicPlan {
  return planTopic(controlTopic(settings.prefix), { ...settings, partitions: 1 });
}

/** The newest control of each table, by `{connection}/{table}`. */
export async function readControls(
  reader: TopicReader,
  topic: string,
  signal?: AbortSignal,
): Promise<Map<string, Control>> {
  const controls = new Map<string, Control>();
  const options = { from: 'earliest', until: 'written', isolation: 'uncommitted', signal } as const;
  for await (const records of reader.read(topic, options)) {
    for (const each of records.flatMap(controlIn))
      controls.set(stateKey(each.connection, each.table), each.control);
  }
  return controls;
}

/** All controls, and then each that follows, until the signal aborts. */
export async function* followControls(
  reader: TopicReader,
  topic: string,
  signal: AbortSignal,
): AsyncGenerator<readonly TableControl[]> {
  const options = { from: 'earliest', until: 'never', isolation: 'uncommitted', signal } as const;
  for await (const records of reader.read(topic, options)) yield records.flatMap(controlIn);
}

function controlIn({ key, value }: TopicRecord): TableControl[] {
  const [connection = '', table = ''] = (key?.toString('utf8') ?? '').split('/');
  const control = value === null ? null : parseControl(value.toString('utf8'));
  return control === null || table === '' ? [] : [{ connection, table, control }];
}

/** Publishes controls. Throws `kafka-unreachable` or `kafka-error`. */
export async function writeControls(
  kafka: Kafka,
  topic: string,
  controls: readonly TableControl[],
): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  try {
    await producer.connect();
    const messages = controls.map(({ connection, table, control }) => ({
      key: stateKey(connection, table),
      value: JSON.stringify(control),
      partition: 0,
    }));
    await producer.send({ topic, acks: -1, messages });
  } catch (error) {
    throw kafkaFailure(error, 'writing a request to the control topic');
  } finally {
    await producer.disconnect().catch(() => undefined);
  }
}
