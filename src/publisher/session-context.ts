/** What the sessions of an instance share. */

import type { Registry } from '../avro/registry.js';
import type { Config } from '../config/config.js';
import type { KafkaAccess } from '../kafka/access.js';
import type { StateLedger } from '../kafka/state-ledger.js';
import type { Events } from '../model/events.js';
import type { ControlFeed } from './control-feed.js';
import type { HintFeed } from './hint-feed.js';
import type { Openings } from './openings.js';
import type { Shaping } from './shaping/shaping.js';
import type { TopicWatch } from './topic-watch.js';

export interface SessionContext {
  readonly config: Config;
  readonly kafka: KafkaAccess;
  readonly registry: Registry;
  readonly events: Events;
  readonly shaping: Shaping;
  readonly states: StateLedger;
  /** Limits how many connections are opened at the same time. */
  readonly openings: Openings;
  /**
   * Topics whose logs were truncated while this instance wrote to them, until their tables are read again.
   */
  readonly cutOff: Set<string>;
  /** Ends sessions whose topics were deleted, created again or extended by partitions. */
  readonly watch: TopicWatch;
  /** What operators request of tables while instances run. */
  readonly control: ControlFeed;
  /** The source of notifications. Null: this instance reads none. */
  readonly hints: HintFeed | null;
}
