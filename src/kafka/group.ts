/**
 * Shares the connections among instances through a Kafka consumer group over the state topic.
 *
 * A member owns the connections that belong to its partitions. The group consumes no records; it only assigns
 * partitions. Two instances may own a connection at the same time for a moment. That does no harm: the later
 * one fences the other.
 */

import type { Admin, Consumer, Kafka } from 'kafkajs';
import { PublisherError } from '../model/errors.js';
import { stickyAssigner } from './assigner.js';
import { kafkaFailure } from './client.js';
import kafkajs from './kafkajs.js';
import { compareMembers, decodeMember, type Member, type Served } from './membership.js';

const { MemberAssignment } = kafkajs.AssignerProtocol;

export interface GroupOptions {
  readonly group: string;
  /** What this instance serves, read at each request. All members share its state topic. */
  readonly served: () => Served;
  /** Called with the partitions that this instance owns from now on. */
  readonly onAssigned: (partitions: ReadonlySet<number>) => void;
  /**
   * Called with the settings in which the members differ, or with null once they have the same. `isAdmitted`:
   * this instance may be given connections.
   */
  readonly onCompared: (comparison: {
    readonly isAdmitted: boolean;
    readonly message: string | null;
  }) => void;
  /** Called when the membership is lost and can't be restored. */
  readonly onLost: (error: Error) => void;
}

/** How long the connections of a killed instance wait for a new owner. */
export const SESSION_TIMEOUT_MS = 10_000;
/**
 * Members notice a rebalance with a heartbeat. So this is the delay until an instance that joins gets its
 * share, and one that leaves is replaced.
 */
const HEARTBEAT_MS = 1_000;
/** Time for the group to become stable before its members are compared. */
const MAX_SETTLE_MS = 5_000;
const SETTLE_CHECK_MS = 200;

/** A member as the broker describes it. */
interface DescribedMember extends Member {
  /** Whether it was assigned any partition. */
  readonly hasAny: boolean;
}

/**
 * How long a rebalance waits for an instance. Kafkajs waits 5 s longer for the answer before it closes the
 * connection.
 */
const REBALANCE_TIMEOUT_MS = 10_000;

export class Group {
  readonly #options: GroupOptions;
  readonly #consumer: Consumer;
  readonly #admin: Admin;
  #owned: readonly number[] = [];
  /** Rises with each assignment. Work that an earlier assignment started is then obsolete. */
  #generation = 0;
  /** Null until the members were compared. */
  #isAdmitted: boolean | null = null;
  #isLeaving = false;

  private constructor(kafka: Kafka, options: GroupOptions, admin: Admin, joinedAt: number) {
    this.#options = options;
    this.#admin = admin;
    const { served } = options;
    const self = { owned: () => this.#owned, served, joinedAt };
    this.#consumer = kafka.consumer({
      groupId: options.group,
      sessionTimeout: SESSION_TIMEOUT_MS,
      heartbeatInterval: HEARTBEAT_MS,
      rebalanceTimeout: REBALANCE_TIMEOUT_MS,
      // Nothing is fetched; kafkajs sends its heartbeats between two fetches, and leaves when one is
      // over.
      maxWaitTimeInMs: HEARTBEAT_MS,
      allowAutoTopicCreation: false,
      partitionAssigners: [stickyAssigner(self)],
    });
  }

  /** Joins the group. Throws `kafka-unreachable`. */
  static async join(kafka: Kafka, options: GroupOptions): Promise<Group> {
    const admin = kafka.admin();
    let group: Group | null = null;
    try {
      await admin.connect();
      const { members } = await describeMembers(admin, options.group);
      // Clocks differ: the later of the two times counts.
      const joinedAt = Math.max(Date.now(), ...members.map((member) => member.joinedAt + 1));
      group = new Group(kafka, options, admin, joinedAt);
      await group.#run();
      return group;
    } catch (error) {
      await group?.leave().catch(() => undefined);
      await admin.disconnect().catch(() => undefined);
      throw kafkaFailure(error, `joining the group ${options.group}`);
    }
  }

  /** Leaves at once, so that the other members take over without waiting for the session time-out. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await Promise.all([this.#consumer.disconnect(), this.#admin.disconnect()]);
  }

  async #run(): Promise<void> {
    const consumer = this.#consumer;
    const { stateTopic: topic } = this.#options.served();
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment[topic] ?? [];
      this.#owned = partitions;
      if (partitions.length > 0) consumer.pause([{ topic, partitions }]);
      this.#generation += 1;
      void this.#assigned(partitions, payload.memberId, this.#generation);
    });
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      if (!payload.restart) this.#options.onLost(payload.error);
    });
    await consumer.connect();
    await consumer.subscribe({ topic });
    await consumer.run({ autoCommit: false, eachMessage: async () => undefined });
  }

  /**
   * An instance that is not admitted, or does not know it yet, compares the members before it serves. An
   * admitted instance serves at once, so that it releases connections in time.
   */
  async #assigned(partitions: readonly number[], memberId: string, generation: number): Promise<void> {
    const { onAssigned } = this.#options;
    const isTrusted = this.#isAdmitted === true;
    if (isTrusted) onAssigned(new Set(partitions));
    const isAdmitted = await this.#compare(memberId, generation).catch(() => this.#isAdmitted ?? true);
    if (generation !== this.#generation || this.#isLeaving) return;
    this.#isAdmitted = isAdmitted;
    if (!isTrusted || !isAdmitted) onAssigned(new Set(isAdmitted ? partitions : []));
  }

  /** Whether this member may be given connections. */
  async #compare(memberId: string, generation: number): Promise<boolean> {
    const { group, onCompared, onLost } = this.#options;
    const members = await this.#settledMembers(memberId, generation);
    const own = members.find(({ id }) => id === memberId);
    if (own === undefined) return this.#isAdmitted ?? true;
    const comparison = compareMembers(group, own, members);
    onCompared(comparison);
    if (!comparison.isAdmitted && own.hasAny) {
      // A leader of version 0.1.0 assigns partitions to all members. No other member serves the partitions of
      // this one.
      onLost(new PublisherError('group-busy', comparison.message ?? `the group ${group} is in use`));
    }
    return comparison.isAdmitted;
  }

  /** The members once the group is stable and contains this one; empty when that does not happen in time. */
  async #settledMembers(memberId: string, generation: number): Promise<readonly DescribedMember[]> {
    const deadline = performance.now() + MAX_SETTLE_MS;
    while (generation === this.#generation && !this.#isLeaving && performance.now() < deadline) {
      const { isSettled, members } = await describeMembers(this.#admin, this.#options.group);
      if (isSettled && members.some(({ id }) => id === memberId)) return members;
      await new Promise((resolve) => setTimeout(resolve, SETTLE_CHECK_MS));
    }
    return [];
  }
}

async function describeMembers(
  admin: Admin,
  group: string,
): Promise<{ isSettled: boolean; members: DescribedMember[] }> {
  const { groups } = await admin.describeGroups([group]);
  const members = groups.flatMap((each) => each.members);
  return {
    isSettled: groups[0]?.state === 'Stable',
    members: members.map(({ memberId, memberMetadata, memberAssignment }) => ({
      ...(memberMetadata.length === 0 ? unknownMember(memberId) : decodeMember(memberId, memberMetadata)),
      hasAny: hasPartitions(memberAssignment),
    })),
  };
}

/** While a group rebalances, the broker does not describe its members. */
function unknownMember(id: string): Member {
  return { id, claims: [], topics: [], joinedAt: 0, served: null };
}

function hasPartitions(assignment: Buffer): boolean {
  if (assignment.length === 0) return false;
  const assigned = MemberAssignment.decode(assignment)?.assignment ?? {};
  return Object.values(assigned).some((partitions) => partitions.length > 0);
}

/**
 * The partition whose owner serves a connection. Connections are distributed over the partitions in the order
 * of their names, so they spread evenly whatever their names are.
 */
export function ownerPartition(names: readonly string[], connection: string, partitions: number): number {
  return [...names].sort().indexOf(connection) % partitions;
}
