/**
 * How a group assigns partitions: evenly, and so that a member keeps those that it has. Each partition that
 * moves costs its connections a restore, so that an instance that comes or goes should move no more than its
 * share.
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
  /** Partitions that it has now. */
  readonly partitions: readonly number[];
}

/**
 * Deals out the partitions 0 to `count` - 1. They go round by round, one for each member, so that every
 * beginning of the list is spread evenly: connections fill it from its beginning. Within a round everybody
 * keeps what is theirs.
 */
export function deal(count: number, claims: readonly Claim[]): Map<string, number[]> {
  const members = [...claims].sort((a, b) => (a.member < b.member ? -1 : 1));
  const dealt = new Map(members.map(({ member }) => [member, [] as number[]]));
  for (let first = 0; first < count && members.length > 0; first += members.length) {
    const size = Math.min(members.length, count - first);
    const round = Array.from({ length: size }, (_, index) => first + index);
    for (const [member, partition] of dealRound(round, members)) dealt.get(member)?.push(partition);
  }
  return dealt;
}

function dealRound(round: readonly number[], members: readonly Claim[]): Map<string, number> {
  const kept = new Map<string, number>();
  const taken = new Set<number>();
  for (const { member, partitions } of members) {
    const own = round.find((partition) => partitions.includes(partition) && !taken.has(partition));
    if (own === undefined) continue;
    kept.set(member, own);
    taken.add(own);
  }
  const rest = round.filter((partition) => !taken.has(partition));
  const free = members.filter(({ member }) => !kept.has(member));
  return new Map([
    ...kept,
    ...rest.map((partition, index) => [free[index]?.member ?? '', partition] as const),
  ]);
}

/** What a member says of itself, at the time of asking. */
export interface Self {
  /** The partitions that it has. */
  owned(): readonly number[];
  served(): Served;
  /** Epoch milliseconds. */
  readonly joinedAt: number;
}

/** The assigner of a member. Members that serve something else than the oldest are dealt nothing. */
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
      const dealt = deal(count, claims);
      return all.map(({ id }) => ({
        memberId: id,
        memberAssignment: MemberAssignment.encode({
          version: VERSION,
          assignment: { [topic]: dealt.get(id) ?? [] },
          userData: Buffer.alloc(0),
        }),
      }));
    },
  });
}
