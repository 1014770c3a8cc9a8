/**
 * The metadata of group members: the partitions that they own, and what they serve.
 *
 * Members that publish to other topics, or keep their states in another topic, can't share connections; the
 * later ones get no partition. The metadata is a JSON array of partitions, as version 0.1.0 writes and reads
 * it, with one object at its end that 0.1.0 ignores.
 */

import kafkajs from './kafkajs.js';

const { MemberMetadata } = kafkajs.AssignerProtocol;

/** What a member serves. */
export interface Served {
  readonly prefix: string;
  readonly stateTopic: string;
  /** Of the state topic. */
  readonly partitions: number;
  /** Names; null when there are too many to list. */
  readonly connections: readonly string[] | null;
}

export interface Member {
  readonly id: string;
  /** Partitions that the member owns now. */
  readonly claims: readonly number[];
  /** Of its subscription: the state topic. */
  readonly topics: readonly string[];
  /** Epoch milliseconds; 0 for version 0.1.0, which does not report it. */
  readonly joinedAt: number;
  /** Null for version 0.1.0. */
  readonly served: Served | null;
}

/** The metadata of all members is one record in Kafka. */
const MAX_NAMES_BYTES = 4_096;

/** The user data of a member. */
export function encodeUserData(claims: readonly number[], joinedAt: number, served: Served): Buffer {
  const { connections } = served;
  const isLong = Buffer.byteLength(JSON.stringify(connections)) > MAX_NAMES_BYTES;
  const about = { joinedAt, ...served, connections: isLong ? null : connections };
  return Buffer.from(JSON.stringify([...claims, about]));
}

/** Reads the metadata of a member. Unreadable metadata counts as empty: another version wrote it. */
export function decodeMember(id: string, metadata: Buffer): Member {
  const { topics, userData } = MemberMetadata.decode(metadata) ?? { topics: [], userData: Buffer.alloc(0) };
  const elements = parse(userData.toString('utf8'));
  const claims = elements.filter((each): each is number => Number.isInteger(each));
  const about = elements.find((each): each is object => typeof each === 'object' && each !== null) ?? {};
  return { id, claims, topics, joinedAt: joinedAtIn(about), served: servedIn(about) };
}

function parse(text: string): readonly unknown[] {
  try {
    const elements: unknown = JSON.parse(text || '[]');
    return Array.isArray(elements) ? elements : [];
  } catch {
    return [];
  }
}

function joinedAtIn(about: object): number {
  return 'joinedAt' in about && typeof about.joinedAt === 'number' ? about.joinedAt : 0;
}

function servedIn(about: object): Served | null {
  const { prefix, stateTopic, partitions, connections } = about as Partial<Record<keyof Served, unknown>>;
  if (typeof prefix !== 'string' || typeof stateTopic !== 'string' || typeof partitions !== 'number')
    return null;
  const names = Array.isArray(connections) ? connections.filter((name) => typeof name === 'string') : null;
  return { prefix, stateTopic, partitions, connections: names };
}

/**
 * The members that may share connections, oldest first: each agrees with all before it. Members of other
 * versions may not report a setting, so each member is compared with all earlier ones.
 */
export function admittedOf(members: readonly Member[]): Member[] {
  const admitted: Member[] = [];
  for (const member of [...members].sort((a, b) => a.joinedAt - b.joinedAt || (a.id < b.id ? -1 : 1)))
    if (admitted.every((older) => differences(member, older).length === 0)) admitted.push(member);
  return admitted;
}

/** A setting that no two members of a group may have different, and its values. */
export interface Difference {
  readonly setting: 'topics.prefix' | 'state.topic';
  readonly here: string;
  readonly there: string;
}

/**
 * Settings that must be the same in two members and differ. Settings that a member does not report are not
 * compared.
 */
export function differences(here: Member, there: Member): Difference[] {
  const pairs = [
    ['topics.prefix', here.served?.prefix, there.served?.prefix],
    ['state.topic', here.topics[0], there.topics[0]],
  ] as const;
  return pairs.flatMap(([setting, own, other]) =>
    own === undefined || other === undefined || own === other ? [] : [{ setting, here: own, there: other }],
  );
}

/** The result of comparing a member with the others of its group. */
export interface Comparison {
  /** Whether it may get connections. */
  readonly isAdmitted: boolean;
  /** The message to report; null when all members serve the same. */
  readonly message: string | null;
}

/** Compares a member with the others of its group. */
export function compareMembers(group: string, own: Member, members: readonly Member[]): Comparison {
  const admitted = admittedOf(members);
  const isAdmitted = admitted.some(({ id }) => id === own.id);
  const other = (isAdmitted ? members : admitted).find((member) => differences(own, member).length > 0);
  if (other !== undefined)
    return { isAdmitted, message: conflictText(group, isAdmitted, differences(own, other)) };
  return { isAdmitted, message: connectionsText(group, own, members) };
}

function conflictText(group: string, isAdmitted: boolean, differs: readonly Difference[]): string {
  const values = (at: 'here' | 'there') => differs.map((each) => `${each.setting}=${each[at]}`).join(', ');
  const what = `the group ${group} has instances with different settings: here ${values('here')}, there ${values('there')}`;
  return isAdmitted
    ? `${what}; this instance joined first and serves its connections, the other one is given none. Give the other deployment a state.group of its own`
    : `${what}; the other instance joined first, so this one is given no connections. Give this deployment a state.group of its own, or stop the other one`;
}

/** Only a warning: members differ for a while when a changed file is deployed. */
function connectionsText(group: string, own: Member, members: readonly Member[]): string | null {
  const names = own.served?.connections ?? null;
  for (const { served } of members) {
    const others = served?.connections ?? null;
    if (names === null || others === null) continue;
    const here = names.filter((name) => !others.includes(name));
    const there = others.filter((name) => !names.includes(name));
    if (here.length + there.length > 0)
      return `the group ${group} has instances with different connections: only here ${listOf(here)}, only there ${listOf(there)}; until all have the same file, a connection may be served by none`;
  }
  return null;
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
