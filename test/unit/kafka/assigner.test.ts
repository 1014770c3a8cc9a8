import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { assignPartitions, type Claim, stickyAssigner } from '../../../src/kafka/assigner.js';
import { decodeMember, encodeUserData, type Served } from '../../../src/kafka/membership.js';

const none = (...members: string[]): Claim[] => members.map((member) => ({ member, partitions: [] }));
const asClaims = (assigned: ReadonlyMap<string, readonly number[]>): Claim[] =>
  [...assigned].map(([member, partitions]) => ({ member, partitions }));
const moved = (before: readonly Claim[], after: ReadonlyMap<string, readonly number[]>) =>
  before.flatMap(({ member, partitions }) => partitions.filter((each) => !after.get(member)?.includes(each)));

describe('assignPartitions', () => {
  it.each([
    ['nobody', 4, none(), {}],
    ['one', 3, none('a'), { a: [0, 1, 2] }],
    ['two who have nothing', 5, none('a', 'b'), { a: [0, 2, 4], b: [1, 3] }],
    ['more members than partitions', 2, none('a', 'b', 'c'), { a: [0], b: [1], c: [] }],
    ['one who comes', 4, [...none('a'), { member: 'b', partitions: [0, 1, 2, 3] }], { a: [1, 3], b: [0, 2] }],
    [
      'two who claim the same',
      4,
      [
        { member: 'a', partitions: [0, 1, 2, 3] },
        { member: 'b', partitions: [0, 1, 2, 3] },
      ],
      { a: [0, 2], b: [1, 3] },
    ],
    ['a claim to what does not exist', 2, [{ member: 'a', partitions: [7, -1, 1] }], { a: [0, 1] }],
  ])('%s', (_, count, claims, expected) => {
    expect(Object.fromEntries(assignPartitions(count, claims))).toEqual(expected);
  });

  const members = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 9 });

  it('gives each partition to one member, and every beginning of the list evenly', () => {
    const claims = members.chain((names) =>
      fc.tuple(
        ...names.map((member) =>
          fc.record({ member: fc.constant(member), partitions: fc.array(fc.nat(40)) }),
        ),
      ),
    );
    fc.assert(
      fc.property(fc.nat(40), claims, (count, claimed) => {
        const assigned = assignPartitions(count, claimed);
        expect([...assigned.values()].flat().sort((a, b) => a - b)).toEqual([...Array(count).keys()]);
        for (let beginning = 0; beginning <= count; beginning += 1) {
          const sizes = [...assigned.values()].map((own) => own.filter((each) => each < beginning).length);
          expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('moves nothing when nobody comes or goes', () => {
    fc.assert(
      fc.property(fc.nat(40), members, (count, names) => {
        const before = asClaims(assignPartitions(count, none(...names)));
        expect(moved(before, assignPartitions(count, before))).toEqual([]);
      }),
    );
  });

  it.each([16, 50])(
    'moves at most half of %i partitions when one comes or goes, and all of them back again',
    (count) => {
      for (let size = 2; size <= 8; size += 1) {
        const names = [...'abcdefgh'].slice(0, size);
        const before = asClaims(assignPartitions(count, none(...names)));
        const more = assignPartitions(count, [...before, ...none('0')]);
        const less = assignPartitions(count, before.slice(1));
        expect(moved(before, more).length, `${size} and one more`).toBeLessThanOrEqual(count / 2);
        expect(moved(before.slice(1), less).length, `${size} and one less`).toBeLessThanOrEqual(count / 2);
      }
    },
  );

  it('deals the same in whatever order it hears of the members', () => {
    const names = [...'dacbe'];
    const forwards = assignPartitions(7, none(...names));
    expect(assignPartitions(7, none(...names.reverse()))).toEqual(forwards);
    expect([...forwards.keys()]).toEqual([...'abcde']);
  });
});

const SERVED = { prefix: 'p', stateTopic: 't', partitions: 4, connections: ['acme'] };

describe('stickyAssigner', () => {
  const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
  type Cluster = Parameters<ReturnType<typeof stickyAssigner>>[0]['cluster'];
  const cluster = (partitions: number) =>
    ({ findTopicPartitionMetadata: () => Array.from({ length: partitions }) }) as unknown as Cluster;
  const assigner = (partitions: number, owned: readonly number[] = []) =>
    stickyAssigner({
      owned: () => owned,
      served: () => SERVED,
      joinedAt: 7,
    })({ cluster: cluster(partitions) } as Parameters<ReturnType<typeof stickyAssigner>>[0]);
  const member = (memberId: string, userData: string, topic = 't') => ({
    memberId,
    memberMetadata: MemberMetadata.encode({ version: 0, topics: [topic], userData: Buffer.from(userData) }),
  });
  const saying = (joinedAt: number, served: Served, owned: readonly number[] = []) =>
    encodeUserData(owned, joinedAt, served).toString();

  async function assigned(partitions: number, members: ReturnType<typeof member>[]) {
    const assigned = await assigner(partitions).assign({ members, topics: ['t'] } as Parameters<
      ReturnType<typeof assigner>['assign']
    >[0]);
    return Object.fromEntries(
      assigned.map(({ memberId, memberAssignment }) => [
        memberId,
        MemberAssignment.decode(memberAssignment)?.assignment.t,
      ]),
    );
  }

  it('reports its partitions to the group, and is assigned them again', async () => {
    const { metadata } = assigner(4, [1, 3]).protocol({ topics: ['t'] });
    const told = MemberMetadata.decode(metadata)?.userData.toString();
    // Version 0.1.0 reads an array, and of that the whole numbers.
    expect(JSON.parse(String(told)).filter(Number.isInteger)).toEqual([1, 3]);
    expect(decodeMember('a', metadata)).toEqual({
      id: 'a',
      claims: [1, 3],
      topics: ['t'],
      joinedAt: 7,
      served: SERVED,
    });
    expect(await assigned(4, [member('a', ''), member('b', '[0,2]')])).toEqual({ a: [1, 3], b: [0, 2] });
    expect(await assigned(4, [member('a', String(told)), member('b', '')])).toEqual({ a: [1, 3], b: [0, 2] });
  });

  it.each(['', '{}', 'null', '7', '["1", 0.5, null]'])('takes %j for owning nothing', async (userData) => {
    expect(await assigned(2, [member('a', userData), member('b', '[0]')])).toEqual({ a: [1], b: [0] });
  });

  it('deals nothing to members that publish under another prefix than the oldest', async () => {
    const other = { ...SERVED, prefix: 'q' };
    const members = [
      member('a', saying(9, other, [0, 1])),
      member('b', saying(8, SERVED)),
      member('c', saying(10, SERVED)),
      member('d', '[3]'),
    ];
    expect(await assigned(4, members)).toEqual({ a: [], b: [0], c: [1], d: [2, 3] });
  });

  it('deals the state topic of the oldest, also where its own is another one', async () => {
    const assigned = await assigner(0).assign({
      members: [
        member('a', saying(8, { ...SERVED, stateTopic: 'u', partitions: 2 }), 'u'),
        member('b', saying(9, SERVED)),
      ],
      topics: ['t'],
    } as Parameters<ReturnType<typeof assigner>['assign']>[0]);
    const topics = assigned.map(
      ({ memberAssignment }) => MemberAssignment.decode(memberAssignment)?.assignment,
    );
    expect(topics).toEqual([{ u: [0, 1] }, { u: [] }]);
  });
});
