/**
 * Assigns the partitions of a group evenly, so that members keep those that they have. Each partition that
 * moves costs its connections a restore. So an instance that joins or leaves moves no more than its share.
 */

import type { PartitionAssigner } from 'kafkajs';
import kafkajs from './kafkajs.js';
import { admittedOf, decodeMember, encodeUserData, type Served } from './membership.js';

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;

/** Every member of a group must know it by this name. */
const NAME = 'intercom-kafka-sticky';
const VERSION = 0;

export interface Claim {
  readonly member: string;
  /** Partitions that the member owns now. */
  readonly partitions: readonly number[];
}

/**
 * Assigns the partitions 0 to `count` - 1 in rounds, one partition for each member in a round. So every
 * prefix of the list is spread evenly; connections use the list from its start. Within a round members keep
 * the partitions that they own.
 */
export function assignPartitions(count: number, claims: readonly Claim[]): Map<string, number[]> {
  const members = [...claims].sort((a, b) => (a.member < b.member ? -1 : 1));
  const assigned = new Map(members.map(({ member }) => [member, [] as number[]]));
  for (let first = 0; first < count && members.length > 0; first += members.length) {
    const size = Math.min(members.length, count - first);
    const round = Array.from({ length: size }, (_, index) => first + index);
    for (const [member, partition] of assignRound(round, members)) assigned.get(member)?.push(partition);
  }
  return assigned;
}

function assignRound(round: readonly number[], members: readonly Claim[]): Map<string, number> {
  const kept = new Map<string, number>();
  const assigned = new Set<number>();
  for (const { member, partitions } of members) {
    const own = round.find((partition) => partitions.includes(partition) && !assigned.has(partition));
    if (own === undefined) continue;
    kept.set(member, own);
    assigned.add(own);
  }
  const rest = round.filter((partition) => !assigned.has(partition));
  const free = members.filter(({ member }) => !kept.has(member));
  return new Map([
    ...kept,
    ...rest.map((partition, index) => [free[index]?.member ?? '', partition] as const),
  ]);
}

/** What a member reports of itself, read at each request. */
export interface Self {
  /** The partitions that it owns. */
  owned(): readonly number[];
  served(): Served;
  /** Epoch milliseconds. */
  readonly joinedAt: number;
}

/** The assigner of a member. Members with other settings than the oldest member get no partition. */
export function stickyAssigner(self: Self): PartitionAssigner {
  return ({ cluster }) => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => ({
      name: NAME,
      metadata: MemberMetadata.encode({
        version: VERSION,
        topics,
        userData: encodeUserData(self.owned(), self.joinedAt, self.served()),
      }),
    }),
    assign: async ({ members }) => {
      const all = members.map(({ memberId, memberMetadata }) => decodeMember(memberId, memberMetadata));
      const admitted = admittedOf(all);
      const [oldest] = admitted;
      // The leader of the group may itself serve another configuration.
      const topic = oldest?.topics[0] ?? self.served().stateTopic;
      const known = cluster.findTopicPartitionMetadata(topic).length;
      const count =
        known === 0 ? (admitted.find(({ served }) => served !== null)?.served?.partitions ?? 0) : known;
      const claims = admitted.map(({ id, claims }) => ({ member: id, partitions: claims }));
      const assigned = assignPartitions(count, claims);
      return all.map(({ id }) => ({
        memberId: id,
        memberAssignment: MemberAssignment.encode({
          version: VERSION,
          assignment: { [topic]: assigned.get(id) ?? [] },
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}
