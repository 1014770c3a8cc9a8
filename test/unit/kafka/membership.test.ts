import { describe, expect, it } from 'vitest';
import kafkajs from '../../../src/kafka/kafkajs.js';
import {
  admittedOf,
  compareMembers,
  decodeMember,
  encodeUserData,
  type Member,
  type Served,
} from '../../../src/kafka/membership.js';

const SERVED: Served = { prefix: 'p', stateTopic: 't', partitions: 4, connections: ['acme', 'globex'] };

function member(id: string, joinedAt: number, served: Partial<Served> | null = {}): Member {
  const all = served === null ? null : { ...SERVED, ...served };
  return { id, claims: [], topics: [all?.stateTopic ?? 't'], joinedAt, served: all };
}

describe('compareMembers', () => {
  const older = member('b', 1);
  const otherPrefix = member('a', 2, { prefix: 'q' });

  it('names the setting and both values to either side, and admits the older one', () => {
    const members = [otherPrefix, older];
    expect(compareMembers('g', older, members)).toEqual({
      isAdmitted: true,
      message:
        'the group g has instances with different settings: here topics.prefix=p, there topics.prefix=q; this instance joined first and serves its connections, the other one is given none. Give the other deployment a state.group of its own',
    });
    expect(compareMembers('g', otherPrefix, members)).toEqual({
      isAdmitted: false,
      message:
        'the group g has instances with different settings: here topics.prefix=q, there topics.prefix=p; the other instance joined first, so this one is given no connections. Give this deployment a state.group of its own, or stop the other one',
    });
  });

  it.each([
    ['alone', [older]],
    ['the same', [older, member('c', 2)]],
    ['another number of partitions configured', [older, member('c', 2, { partitions: 8 })]],
    ['version 0.1.0', [older, member('c', 0, null)]],
    ['names that are too many to be told', [older, member('c', 2, { connections: null })]],
  ])('has nothing to say: %s', (_, members) => {
    expect(compareMembers('g', older, members)).toEqual({ isAdmitted: true, message: null });
  });

  it('only warns of different connections', () => {
    const changed = member('c', 2, { connections: ['acme', 'initech'] });
    for (const own of [older, changed])
      expect(compareMembers('g', own, [older, changed])).toMatchObject({ isAdmitted: true });
    expect(compareMembers('g', older, [older, changed]).message).toBe(
      'the group g has instances with different connections: only here globex, only there initech; until all have the same file, a connection may be served by none',
    );
  });

  it('knows the state topic of version 0.1.0, which never gives way', () => {
    const released = { ...member('z', 0, null), topics: ['u'] };
    expect(compareMembers('g', older, [older, released])).toMatchObject({
      isAdmitted: false,
      message: expect.stringContaining('here state.topic=t, there state.topic=u'),
    });
  });

  it('admits all that agree with the oldest, by the ID where the times are the same', () => {
    const members = [member('d', 1, { prefix: 'q' }), member('c', 1), member('e', 3), member('f', 0, null)];
    expect(admittedOf(members.slice(0, 3)).map(({ id }) => id)).toEqual(['c', 'e']);
    expect(admittedOf([])).toEqual([]);
  });
});

describe('the user data of a member', () => {
  const { MemberMetadata } = kafkajs.AssignerProtocol;
  const metadata = (userData: Buffer) => MemberMetadata.encode({ version: 0, topics: ['t'], userData });

  it('is read back', () => {
    const said = decodeMember('a', metadata(encodeUserData([3, 1], 17, SERVED)));
    expect(said).toEqual({ id: 'a', claims: [3, 1], topics: ['t'], joinedAt: 17, served: SERVED });
  });

  it('stays small, however many connections there are', () => {
    const connections = Array.from({ length: 500 }, (_, index) => `connection-${index}`);
    const userData = encodeUserData([], 17, { ...SERVED, connections });
    expect(userData.length).toBeLessThan(300);
    expect(decodeMember('a', metadata(userData)).served).toEqual({ ...SERVED, connections: null });
  });

  it.each(['', '[2]', '{}', 'null', 'nonsense', '[2, {"prefix": 7}]'])('may be %j', (text) => {
    const { joinedAt, served } = decodeMember('a', metadata(Buffer.from(text)));
    expect({ joinedAt, served }).toEqual({ joinedAt: 0, served: null });
  });
});
